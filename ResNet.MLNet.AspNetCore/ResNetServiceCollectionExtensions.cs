using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ResNet.MLNet.AspNetCore;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers <see cref="ResNetService"/>.</summary>
public static class ResNetServiceCollectionExtensions
{
    /// <summary>
    /// Registers <see cref="ResNetService"/> for a model file: loaded and warmed up when the application starts, exchanged when the file
    /// changes. It adds the health check "resnet", the meter "ResNet.MLNet.AspNetCore" and problem details. An application has one.
    /// </summary>
    /// <param name="services">Where to register it.</param>
    /// <param name="modelPath">The model file (.onnx); a path that is not rooted starts at the application's content root.</param>
    /// <param name="configure">Sets further options.</param>
    public static IServiceCollection AddResNet(
        this IServiceCollection services, string modelPath, Action<ResNetServiceOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(modelPath);
        services.Configure<ResNetServiceOptions>(options => options.ModelPath = modelPath);
        return Add(services, configure);
    }

    /// <inheritdoc cref="AddResNet(IServiceCollection, string, Action{ResNetServiceOptions})"/>
    /// <param name="services">Where to register it.</param>
    /// <param name="configuration">A section with the options by their names, <c>ModelPath</c> at least.</param>
    /// <param name="configure">Sets further options, after the configuration.</param>
    public static IServiceCollection AddResNet(
        this IServiceCollection services, IConfiguration configuration, Action<ResNetServiceOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.Configure<ResNetServiceOptions>(configuration);
        return Add(services, configure);
    }

    private static IServiceCollection Add(IServiceCollection services, Action<ResNetServiceOptions>? configure)
    {
        if (configure is not null) services.Configure(configure);
        services.AddOptions<ResNetServiceOptions>().ValidateOnStart();
        if (services.Any(service => service.ServiceType == typeof(ResNetService))) return services;
        services.AddProblemDetails();
        services.AddMetrics();
        services.AddHealthChecks().AddCheck<ResNetHealthCheck>(ResNetHealthCheck.Name, tags: ["ready"]);
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ResNetServiceOptions>, ResNetServiceOptionsValidator>());
        services.AddSingleton(provider => new ResNetMetrics(provider.GetRequiredService<IMeterFactory>()));
        services.AddSingleton<ModelSource>();
        services.AddSingleton(provider => new ResNetService(
            provider.GetRequiredService<ModelSource>(),
            provider.GetRequiredService<IOptions<ResNetServiceOptions>>(),
            provider.GetRequiredService<ResNetMetrics>()));
        services.AddHostedService<ModelFileWatch>();
        return services;
    }
}
