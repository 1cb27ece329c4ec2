using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using static TorchSharp.torch;

namespace ResNet.Benchmarks;

/// <summary>
/// What the NVIDIA driver says of a GPU, ten times a second: the share of time in which any kernel ran, and the memory in use. It is the
/// same measure for every program, and costs the measured one nothing.
/// </summary>
internal sealed class GpuMonitor : IDisposable
{
    private readonly ConcurrentQueue<(DateTime Time, double Busy, double Memory)> _samples = [];
    private readonly Process _process;

    public GpuMonitor(Device device)
    {
        var start = new ProcessStartInfo("nvidia-smi") { RedirectStandardOutput = true };
        string[] query = ["--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits"];
        string[] which = ["-i", $"{Math.Max(0, device.index)}", "-lms", "100"];
        foreach (var argument in query.Concat(which)) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) =>
        {
            var cells = line.Data?.Split(',') ?? [];
            if (cells.Length != 2) return;
            if (Number(cells[0]) is { } busy && Number(cells[1]) is { } memory) _samples.Enqueue((DateTime.UtcNow, busy / 100, memory));
        };
        _process.BeginOutputReadLine();
    }

    /// <summary>The mean share of time and the most MB in a stretch of time; not a number where there was no sample.</summary>
    public (double Busy, double Memory) Between(DateTime begin, DateTime end)
    {
        var within = _samples.Where(sample => sample.Time >= begin && sample.Time <= end).ToArray();
        if (within.Length == 0) return (double.NaN, double.NaN);
        return (within.Average(sample => sample.Busy), within.Max(sample => sample.Memory));
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static double? Number(string cell) =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
}
