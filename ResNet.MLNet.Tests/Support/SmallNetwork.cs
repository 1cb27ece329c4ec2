namespace ResNet.Tests;

/// <summary>Model files of small networks with seeded weights.</summary>
internal static class SmallNetwork
{
    public static void Write(string path, string architecture, string[] labels, string? source = null, int seed = 1)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var network = ResNetArchitecture.Parse(architecture, labels.Length);
        var card = RandomWeights.Card(network, ImagePreprocessing.For(network)) with { Labels = labels, Source = source };
        ModelFile.Write(path, network, RandomWeights.For(network, seed), card);
    }

    /// <summary>Writes a small network in place of torchvision's weights into the folder of a cache.</summary>
    /// <returns>The model file.</returns>
    public static string WritePublished(string cache, string name, string[] labels)
    {
        var path = Path.Combine(cache, "models", $"{name}-imagenet-v1.onnx");
        Write(path, $"{name}:width=16", labels, PretrainedResNet.Find(name)!.ToCard().Source);
        return path;
    }
}
