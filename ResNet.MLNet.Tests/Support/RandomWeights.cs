namespace ResNet.Tests;

/// <summary>Seeded weights for any architecture, with batch-norm statistics that are not 0 and 1.</summary>
internal static class RandomWeights
{
    public static StateDict For(ResNetArchitecture architecture, int seed = 1)
    {
        var random = new Random(seed);
        var weights = new StateDict();
        // The statistics are not the activations' own, so that hundreds of blocks would grow beyond all bounds: each adds less the more
        // there are.
        var lastNorms = architecture.Blocks.Select(block => block.Convolutions[^1].NormName + ".weight").ToHashSet();
        var damping = Math.Min(1, 4 / Math.Sqrt(lastNorms.Count));
        foreach (var tensor in architecture.Tensors)
            weights.Add(tensor.Name, new(tensor.Shape, Values(tensor)));
        return weights;

        float[] Values(TensorSpec tensor)
        {
            // Convolutions and the classifier: He initialization. Batch norm: near 1 (scale, variance) and near 0 (shift, mean).
            Func<double> next = tensor switch
            {
                { Shape.Count: > 1 } => Scaled(Math.Sqrt(2.0 * tensor.Shape[0] / tensor.Count)),
                { Name: var name } when name.EndsWith("running_var", StringComparison.Ordinal) => () => 0.5 + random.NextDouble(),
                { Name: var name } when name.EndsWith("weight", StringComparison.Ordinal) =>
                    () => (0.5 + 0.5 * random.NextDouble()) * (lastNorms.Contains(name) ? damping : 1),
                _ => Scaled(0.1),
            };
            var values = new float[tensor.Count];
            for (var i = 0; i < values.Length; i++) values[i] = (float)next();
            return values;
        }

        Func<double> Scaled(double deviation) => () =>
            deviation * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    /// <summary>A card for such a network: its classes are named class0, class1, ...</summary>
    public static ModelCard Card(ResNetArchitecture architecture, ImagePreprocessing? preprocessing = null) => new()
    {
        Architecture = architecture.Name,
        Preprocessing = preprocessing ?? ImagePreprocessing.Small(32),
        Labels = [.. Enumerable.Range(0, architecture.Classes).Select(index => $"class{index}")],
        Source = "random weights",
    };
}
