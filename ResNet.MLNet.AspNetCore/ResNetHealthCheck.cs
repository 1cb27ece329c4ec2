using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ResNet.MLNet.AspNetCore;

/// <summary>Unhealthy until a model is ready; degraded while another one is in use than the file has.</summary>
internal sealed class ResNetHealthCheck(ResNetService service) : IHealthCheck
{
    public const string Name = "resnet";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Check(context.Registration.FailureStatus));

    private HealthCheckResult Check(HealthStatus failure)
    {
        if (!service.IsReady) return new(failure, service.Problem ?? "The model is being loaded.");
        return service.Problem is { } problem ? HealthCheckResult.Degraded(problem) : HealthCheckResult.Healthy();
    }
}
