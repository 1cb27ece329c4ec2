using Microsoft.Extensions.Options;

namespace ResNet.MLNet.AspNetCore;

/// <summary>What <see cref="ResNetService"/> serves, and what a request may cost.</summary>
public sealed class ResNetServiceOptions
{
    /// <summary>The model file (.onnx); a path that is not rooted starts at the application's content root. It has no default.</summary>
    public string ModelPath { get; set; } = "";

    /// <summary>How images become the input of a file from elsewhere (see <see cref="ResNetModel.Open"/>). Default: null.</summary>
    public ImagePreprocessing? Preprocessing { get; set; }

    /// <summary>The CUDA device to run on, from 0. Default: null, the CPU.</summary>
    public int? GpuDeviceId { get; set; }

    /// <summary>The longest image file that is accepted, in bytes, from 1 to 2,000,000,000. Default: 16 MiB.</summary>
    public long MaximumBytes { get; set; } = 16 << 20;

    /// <summary>The largest image that is decoded, in pixels, from 1. Default: 50,000,000, which decodes to 200 MB.</summary>
    public long MaximumPixels { get; set; } = 50_000_000;

    /// <summary>How many images are computed at a time, from 1. Default: the number of processors; more are no faster.</summary>
    public int MaximumConcurrency { get; set; } = Environment.ProcessorCount;

    /// <summary>How many requests may wait for their turn, from 0; the next one is refused with 503. Default: 256.</summary>
    public int MaximumQueueLength { get; set; } = 256;

    /// <summary>
    /// How often the model file is looked at, for a new one, from 10 ms to 24 hours; <see cref="Timeout.InfiniteTimeSpan"/> for never once
    /// a model is there. It is polled, which works on every file system, a container's mounted volumes included. Default: 2 seconds.
    /// </summary>
    public TimeSpan ReloadInterval { get; set; } = TimeSpan.FromSeconds(2);
}

/// <summary>Checks the options when the application starts.</summary>
internal sealed class ResNetServiceOptionsValidator : IValidateOptions<ResNetServiceOptions>
{
    private const long MostBytes = 2_000_000_000;

    public ValidateOptionsResult Validate(string? name, ResNetServiceOptions options)
    {
        var problems = new List<string>();
        Check(
            !string.IsNullOrWhiteSpace(options.ModelPath),
            nameof(options.ModelPath),
            "is not set. Name the model file (.onnx) in AddResNet or in the configuration section that it is given.");
        Check(options.GpuDeviceId is null or >= 0, nameof(options.GpuDeviceId), $"is {options.GpuDeviceId}; it is 0 or more, or not set.");
        Check(
            options.MaximumBytes is >= 1 and <= MostBytes,
            nameof(options.MaximumBytes),
            $"is {options.MaximumBytes}; it is 1 to {MostBytes} bytes.");
        Check(options.MaximumPixels >= 1, nameof(options.MaximumPixels), $"is {options.MaximumPixels}; it is 1 or more.");
        Check(options.MaximumConcurrency >= 1, nameof(options.MaximumConcurrency), $"is {options.MaximumConcurrency}; it is 1 or more.");
        Check(options.MaximumQueueLength >= 0, nameof(options.MaximumQueueLength), $"is {options.MaximumQueueLength}; it is 0 or more.");
        Check(
            options.ReloadInterval == Timeout.InfiniteTimeSpan
                || (options.ReloadInterval >= TimeSpan.FromMilliseconds(10) && options.ReloadInterval <= TimeSpan.FromDays(1)),
            nameof(options.ReloadInterval),
            $"is {options.ReloadInterval}; it is 10 ms to 24 hours, or Timeout.InfiniteTimeSpan.");
        return problems.Count > 0 ? ValidateOptionsResult.Fail(problems) : ValidateOptionsResult.Success;

        void Check(bool isFine, string option, string problem)
        {
            if (!isFine) problems.Add($"{nameof(ResNetServiceOptions)}.{option} {problem}");
        }
    }
}
