using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>Counts the images of one pass that cannot be read, and writes them to the log at its end.</summary>
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
        var images = Plural.Of(_count, "image", "images");
        var rest = _count > NamesShown ? "; ..." : "";
        using var channel = transformer.StartChannel();
        channel.Warning($"{images} could not be read and got missing values instead: {string.Join("; ", _first)}{rest}");
    }
}
