using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ResNet.MLNet.AspNetCore;

/// <summary>
/// Unhealthy without a model; degraded while another one is in use than the file has. It answers when the model was loaded or could not be:
/// an unhealthy check is logged as an error, and loading is none.
/// </summary>
internal sealed class ResNetHealthCheck(ResNetService service) : IHealthCheck
{
    public const string Name = "resnet";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await service.FirstLook.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (!service.IsReady) return new(context.Registration.FailureStatus, service.Problem ?? "No model is loaded.");
        return service.Problem is { } problem ? HealthCheckResult.Degraded(problem) : HealthCheckResult.Healthy();
    }
}
