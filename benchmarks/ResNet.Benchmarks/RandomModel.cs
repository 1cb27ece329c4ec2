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
            var isOne = spec.Shape.Count == 1 && !spec.Name.EndsWith("bias", StringComparison.Ordinal) && !spec.Name.EndsWith("mean", StringComparison.Ordinal);
            for (var i = 0; i < values.Length; i++) values[i] = (float)((isOne ? 1 : 0) + scale * (random.NextDouble() - 0.5));
            weights.Add(spec.Name, new(spec.Shape, values));
        }

        ModelFile.Write(path, architecture, weights, new() { Architecture = architecture.Name, Preprocessing = ImagePreprocessing.For(architecture), Source = "random weights" });
    }
}
