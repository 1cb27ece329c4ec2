using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// Reads the weights of a residual network out of an ONNX graph, whoever wrote it: blocks are found by their additions, not by names. What
/// it gives is a reading; that it computes what the graph computes has to be proved by running both.
/// </summary>
internal sealed class GraphReader
{
    private static readonly HashSet<string> PassThrough = ["Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Transpose"];
    private static readonly HashSet<string> ToScores = ["Softmax", "LogSoftmax"];

    private readonly SimplifiedGraph _graph;

    private GraphReader(SimplifiedGraph graph) => _graph = graph;

    /// <summary>Reads a network.</summary>
    /// <exception cref="InvalidDataException">It is not a ResNet of this project; the message says what is different.</exception>
    public static GraphWeights Read(SimplifiedGraph graph) => new GraphReader(graph).Read();

    private GraphWeights Read()
    {
        var pool = FindPool();
        var (blocks, first) = ReadBlocks(pool.Input[0]);
        var stem = ReadStem(first);
        var (kernel, bias) = ReadHead(pool.Output[0]);
        var entry = GraphEntry.Measure(_graph, stem.Input);

        var weights = new StateDict();
        stem.AddTo(weights, "conv1", "bn1");
        AddBlocks(weights, blocks);
        if (kernel is not null)
        {
            weights.Add("fc.weight", kernel);
            weights.Add("fc.bias", bias!);
        }

        var architecture = ArchitectureRecognition.Recognize(weights);
        // The paper's bottleneck has the stride on its first convolution, torchvision's on the second.
        if (blocks.Exists(block => block.Convolutions is [{ Stride: 2 }, _, _]))
            architecture = architecture with { Stride = BottleneckStride.First1x1 };
        weights.EnsureFits(architecture);
        var isFolded = blocks.SelectMany(block => block.Convolutions).Append(stem).Any(each => !each.HasNorm);
        return new(weights, architecture, isFolded, entry);
    }

    /// <summary>The global average pool.</summary>
    private NodeProto FindPool()
    {
        foreach (var kind in new[] { "GlobalAveragePool", "ReduceMean", "AveragePool" })
        {
            // Others of the kind may stand in shortcuts, before the blocks' additions; the last is the one.
            if (_graph.Model.Graph.Node.LastOrDefault(node => node.OpType == kind) is { } pool) return pool;
        }

        throw new InvalidDataException("there is no global average pool");
    }

    private (List<GraphBlock> Blocks, string First) ReadBlocks(string value)
    {
        List<GraphBlock> blocks = [];
        while (MakerOf(value) is { OpType: "Relu" } relu && MakerOf(relu.Input[0]) is { OpType: "Add" } addition
            && !addition.Input.Any(_graph.IsConstant))
        {
            blocks.Add(GraphBlock.Read(_graph, addition));
            value = blocks[^1].Input;
        }

        blocks.Reverse();
        if (blocks.Count > 0) return (blocks, value);
        var isPreactivation = MakerOf(value) is { OpType: "Relu" } last && MakerOf(last.Input[0]) is { OpType: "BatchNormalization" } norm
            && MakerOf(norm.Input[0]) is { OpType: "Add" };
        throw new InvalidDataException(isPreactivation ? GraphBlock.Preactivation : "no residual block ends at the global average pool");
    }

    /// <summary>The first convolution, from what comes out of it after batch norm, ReLU and max pooling.</summary>
    private GraphConvolution ReadStem(string value)
    {
        NodeProto? norm = null;
        for (var maker = MakerOf(value); maker is not null; maker = MakerOf(maker.Input[0]))
        {
            switch (maker.OpType)
            {
                case "MaxPool" or "Relu" or "Pad" or "Transpose":
                    break;
                case "BatchNormalization" when norm is null:
                    norm = maker;
                    break;
                case "Conv":
                    var stem = new GraphConvolution(_graph, maker);
                    if (stem.Shape[1] != 3) throw Different("the first convolution", $"takes {stem.Shape[1]} channels instead of 3");
                    if (norm is not null) stem.Take(norm);
                    return stem;
                default:
                    throw Different($"'{maker.OpType}'", "stands between the first convolution and the blocks");
            }
        }

        throw new InvalidDataException("there is no convolution before the blocks");
    }

    private static void AddBlocks(StateDict weights, List<GraphBlock> blocks)
    {
        var stage = 0;
        var index = 0;
        var channels = 0;
        foreach (var block in blocks)
        {
            var isNewStage = stage == 0 || block.OutChannels != channels || block.Stride > 1;
            (stage, index) = isNewStage ? (stage + 1, 0) : (stage, index + 1);
            channels = block.OutChannels;
            var name = $"layer{stage}.{index}";
            for (var i = 0; i < block.Convolutions.Count; i++)
                block.Convolutions[i].AddTo(weights, $"{name}.conv{i + 1}", $"{name}.bn{i + 1}");
            block.Projection?.AddTo(weights, $"{name}.downsample.0", $"{name}.downsample.1");
        }
    }

    /// <summary>The fully connected layer behind the pool; nulls for none.</summary>
    private (WeightTensor? Kernel, WeightTensor? Bias) ReadHead(string value)
    {
        while (true)
        {
            // Exporters compute the shape that flattening needs.
            var users = _graph.Users[value].Where(node => node.OpType != "Shape").ToList();
            if (users.Count == 0) return (null, null);
            if (users.Count > 1) throw Different($"{users.Count} nodes", "follow the global average pool side by side");
            var user = users[0];
            if (!PassThrough.Contains(user.OpType)) return ReadHead(user);
            value = user.Output[0];
        }
    }

    private (WeightTensor? Kernel, WeightTensor? Bias) ReadHead(NodeProto node)
    {
        if (node.OpType is not ("Gemm" or "MatMul" or "Conv") || !_graph.IsConstant(node.Input[1]))
            throw Different($"'{node.OpType}'", "follows the global average pool, where a fully connected layer is expected");
        var values = _graph.FloatsOf(node.Input[1]);
        var shape = _graph.ShapeOf(node.Input[1]);
        var isTransposed = node.OpType == "Conv" || node.Attribute.Any(attribute => attribute is { Name: "transB", I: 1 });
        var (rows, columns) = isTransposed ? (shape[0], shape[1]) : (shape[1], shape[0]);
        if (values.Length != rows * columns) throw Different("the fully connected layer", $"is [{string.Join(", ", shape)}]");
        if (!isTransposed) values = Transposed(values, rows, columns);

        var bias = node.Input.Count > 2 ? _graph.FloatsOf(node.Input[2]) : new float[rows];
        var next = Follower(node.Output[0]);
        if (next is { OpType: "Add" } && next.Input.FirstOrDefault(_graph.IsConstant) is { } added)
        {
            bias = _graph.FloatsOf(added);
            next = Follower(next.Output[0]);
        }

        if (next is { OpType: "Sigmoid" })
            throw Different("a sigmoid", "makes probabilities of its scores, each for itself, where a softmax is expected");
        if (next is not null && !ToScores.Contains(next.OpType)) throw Different($"'{next.OpType}'", "follows the fully connected layer");
        return (new([rows, columns], values), new([rows], bias));
    }

    private NodeProto? Follower(string value)
    {
        var node = _graph.Users[value].FirstOrDefault();
        while (node is not null && PassThrough.Contains(node.OpType)) node = _graph.Users[node.Output[0]].FirstOrDefault();
        return node;
    }

    private NodeProto? MakerOf(string value) => _graph.MakerOf(value);

    private static float[] Transposed(float[] values, int rows, int columns)
    {
        var transposed = new float[values.Length];
        for (var i = 0; i < values.Length; i++) transposed[i] = values[i % columns * rows + i / columns];
        return transposed;
    }

    private static InvalidDataException Different(string what, string how) => new($"{what} {how}");
}

/// <summary>What was read out of a graph.</summary>
/// <param name="Weights">The weights by torchvision's names, for what the graph gives its first convolution.</param>
/// <param name="Architecture">The network.</param>
/// <param name="IsFolded">Whether batch norm was folded into convolutions, so that its statistics are lost.</param>
/// <param name="Entry">What the graph does to its input before the first convolution.</param>
internal sealed record GraphWeights(StateDict Weights, ResNetArchitecture Architecture, bool IsFolded, GraphEntry Entry)
{
    /// <summary>The weights for images in the order red, green, blue.</summary>
    /// <param name="given">How images are prepared for the graph's input.</param>
    /// <param name="preprocessing">How they are prepared for these weights.</param>
    /// <exception cref="InvalidDataException">A mean or a deviation is out of its range.</exception>
    public StateDict ForImages(ImagePreprocessing given, out ImagePreprocessing preprocessing)
    {
        preprocessing = Entry.After(given, out var inputs);
        var ordered = new StateDict();
        foreach (var (name, tensor) in Weights) ordered.Add(name, name == "conv1.weight" ? Reordered(tensor, inputs) : tensor);
        return ordered;
    }

    private static WeightTensor Reordered(WeightTensor kernel, int[] inputs)
    {
        var values = new float[kernel.Values.Length];
        var area = kernel.Shape[2] * kernel.Shape[3];
        for (var i = 0; i < kernel.Shape[0] * inputs.Length; i++)
        {
            var from = i / inputs.Length * inputs.Length + inputs[i % inputs.Length];
            kernel.Values.AsSpan(from * area, area).CopyTo(values.AsSpan(i * area));
        }

        return new(kernel.Shape, values);
    }
}
