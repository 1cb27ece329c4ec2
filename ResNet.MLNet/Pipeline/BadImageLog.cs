using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>Counts the images of one pass that could not be read, and tells the log at its end.</summary>
internal sealed class BadImageLog(ResNetTransformer transformer)
{
    private const int NamesShown = 5;
    private readonly List<string> _first = [];
    private int _count;

    public void Add(InvalidImageException problem, string? name)
    {
        if (++_count <= NamesShown) _first.Add(name is null ? problem.Reason : problem.Message);
    }

    public void Report()
    {
        if (_count == 0) return;
        using var channel = transformer.StartChannel();
        channel.Warning($"{_count} image{(_count == 1 ? "" : "s")} could not be read and {(_count == 1 ? "is" : "are")} marked as missing: {string.Join("; ", _first)}{(_count > NamesShown ? "; ..." : "")}");
    }
}
