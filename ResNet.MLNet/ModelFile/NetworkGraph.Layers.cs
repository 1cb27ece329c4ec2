namespace ResNet.MLNet;

// Which values of the graph are the layers' outputs.
internal sealed partial class NetworkGraph
{
    /// <summary>
    /// The maps of a network, in the order in which an image passes them, by torchvision's names of the modules that make them. A
    /// convolution has no map of its own: it is folded with its batch norm.
    /// </summary>
    public static IEnumerable<LayerValue> LayersOf(ResNetArchitecture architecture)
    {
        var stem = architecture.StemConvolution;
        yield return new(stem.NormName, stem.Name);
        yield return new("relu", ReluOf(stem.Name));
        if (architecture.HasMaxPool) yield return new(MaxPoolName, MaxPoolName);
        foreach (var stage in architecture.Blocks.GroupBy(block => block.Stage))
        {
            foreach (var block in stage)
            {
                foreach (var layer in block.Convolutions) yield return new(layer.NormName, layer.Name);
                if (block.Shortcut.Projection is { } projection) yield return new(projection.NormName, projection.Name);
                yield return new(block.Name, OutputOf(block));
            }

            yield return new($"layer{stage.Key}", OutputOf(stage.Last()));
        }
    }

    private const string MaxPoolName = "maxpool";

    private static string ReluOf(string value) => $"{value}.relu";

    private static string SumOf(ResNetBlock block) =>
        block.Shortcut.Kind == ShortcutKind.None ? block.Convolutions[^1].Name : $"{block.Name}.add";

    private static string OutputOf(ResNetBlock block) => ReluOf(SumOf(block));
}

/// <summary>The output of a layer.</summary>
/// <param name="Layer">The layer, such as <c>layer1.0.bn2</c>.</param>
/// <param name="Value">Its name in the graph of a model file.</param>
internal sealed record LayerValue(string Layer, string Value);
