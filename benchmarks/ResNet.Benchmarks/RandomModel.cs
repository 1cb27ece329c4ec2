namespace ResNet.Benchmarks;

/// <summary>A network with seeded weights: speed does not depend on what they are.</summary>
internal static class RandomModel
{
    public static void Write(string path, string name)
    {
        var architecture = ResNetArchitecture.Parse(name);
        var random = new Random(1);
        var weights = new StateDict();
        foreach (var spec in architecture.Tensors)
        {
            var values = new float[spec.Count];
            var scale = spec.Shape.Count > 1 ? Math.Sqrt(2.0 * spec.Shape[0] / spec.Count) : 0.1;
            var mean = IsAroundOne(spec) ? 1 : 0;
            for (var i = 0; i < values.Length; i++) values[i] = (float)(mean + scale * (random.NextDouble() - 0.5));
            weights.Add(spec.Name, new(spec.Shape, values));
        }

        ModelFile.Write(path, architecture, weights, ModelCard.For(architecture) with { Source = "random weights" });
    }

    /// <summary>Whether it is a scale or a variance of batch norm.</summary>
    private static bool IsAroundOne(TensorSpec spec) =>
        spec.Shape.Count == 1
        && !spec.Name.EndsWith("bias", StringComparison.Ordinal)
        && !spec.Name.EndsWith("mean", StringComparison.Ordinal);
}
