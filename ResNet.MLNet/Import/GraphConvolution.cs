using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>A convolution of a graph, with the batch norm behind it if there is one.</summary>
internal sealed class GraphConvolution
{
    private readonly SimplifiedGraph _graph;
    private readonly NodeProto _node;
    private NodeProto? _norm;

    /// <exception cref="InvalidDataException">Its kernel is not a constant.</exception>
    public GraphConvolution(SimplifiedGraph graph, NodeProto node)
    {
        _graph = graph;
        _node = node;
        Shape = graph.ShapeOf(node.Input[1]);
        if (Shape.Length != 4) throw new InvalidDataException($"the kernel of the convolution '{node.Name}' is not a constant of 4 dimensions");
    }

    /// <summary>[out, in of a group, height, width].</summary>
    public int[] Shape { get; }

    public int OutChannels => Shape[0];

    public int Stride => _node.Attribute.FirstOrDefault(attribute => attribute.Name == "strides") is { Ints: [var first, ..] } ? (int)first : 1;

    /// <summary>The value that goes in.</summary>
    public string Input => _node.Input[0];

    /// <summary>The value that comes out.</summary>
    public string Output => _node.Output[0];

    /// <summary>Whether batch norm is still apart, so that its statistics are known.</summary>
    public bool HasNorm => _norm is not null;

    /// <summary>Takes a batch norm that follows.</summary>
    /// <exception cref="InvalidDataException">There is one already.</exception>
    public void Take(NodeProto norm)
    {
        if (_norm is not null) throw new InvalidDataException($"two batch norms follow the convolution '{_node.Name}'");
        _norm = norm;
    }

    /// <summary>Adds the weights to a state dict, the bias as part of the batch norm.</summary>
    /// <param name="weights">Receives them.</param>
    /// <param name="name">The name of the convolution.</param>
    /// <param name="normName">The name of its batch norm.</param>
    public void AddTo(StateDict weights, string name, string normName)
    {
        weights.Add($"{name}.weight", new(Shape, _graph.FloatsOf(_node.Input[1])));
        var (gamma, beta, mean, variance) = Norm();
        weights.Add($"{normName}.weight", new([OutChannels], gamma));
        weights.Add($"{normName}.bias", new([OutChannels], beta));
        weights.Add($"{normName}.running_mean", new([OutChannels], mean));
        weights.Add($"{normName}.running_var", new([OutChannels], variance));
    }

    private (float[] Gamma, float[] Beta, float[] Mean, float[] Variance) Norm()
    {
        var bias = _node.Input.Count > 2 && _node.Input[2].Length > 0 ? _graph.FloatsOf(_node.Input[2]) : new float[OutChannels];
        // Folded: statistics that change nothing.
        if (_norm is null)
            return (Filled(1), [.. bias], Filled(0), Filled(1 - (float)ResNetArchitecture.BatchNormEpsilon));

        var epsilon = _norm.Attribute.FirstOrDefault(attribute => attribute.Name == "epsilon")?.F ?? 1e-5f;
        float[] gamma = [.. _graph.FloatsOf(_norm.Input[1])];
        float[] beta = [.. _graph.FloatsOf(_norm.Input[2])];
        float[] mean = [.. _graph.FloatsOf(_norm.Input[3])];
        float[] variance = [.. _graph.FloatsOf(_norm.Input[4])];
        for (var i = 0; i < OutChannels; i++)
        {
            mean[i] -= bias[i];
            // Here every batch norm has the same epsilon; what the file's has more becomes variance, and what it has less a smaller weight.
            var total = (double)variance[i] + epsilon;
            var own = Math.Max(0, total - ResNetArchitecture.BatchNormEpsilon);
            variance[i] = (float)own;
            if (own == 0 && total > 0) gamma[i] = (float)(gamma[i] * Math.Sqrt(ResNetArchitecture.BatchNormEpsilon / total));
        }

        return (gamma, beta, mean, variance);
    }

    private float[] Filled(float value)
    {
        var values = new float[OutChannels];
        Array.Fill(values, value);
        return values;
    }
}
