using ResNet.MLNet.Onnx;
using static ResNet.MLNet.OnnxGraph;

namespace ResNet.MLNet;

/// <summary>
/// Brings a ResNet's .onnx from elsewhere (torchvision's export, a model zoo) into the form of our own model files: raw pixels in, mean and
/// standard deviation in the graph, outputs named features, logits and probabilities as far as they can be found.
/// </summary>
internal static class ForeignModel
{
    /// <summary>What the card of an adapted file says in place of an architecture.</summary>
    public const string ForeignArchitecture = "foreign";

    private static readonly HashSet<string> PassThrough = ["Identity", "Flatten", "Reshape", "Squeeze", "Dropout"];

    /// <summary>Changes the model in place and adds a card.</summary>
    /// <exception cref="InvalidDataException">
    /// It has no image input or no scores as output, or its input or the mean image is of another size than the preprocessing gives.
    /// </exception>
    public static void Adapt(ModelProto model, ImagePreprocessing preprocessing)
    {
        var graph = model.Graph ?? throw new InvalidDataException("The ONNX file has no graph.");
        if (preprocessing.FindMeanImageProblem() is { } problem) throw new InvalidDataException(problem);
        var input = FindInput(graph, preprocessing);
        var scores = FindScores(graph);
        var makers = Makers(graph);
        var softmax = MakerOf(scores.Name, makers) is { OpType: "Softmax" } last ? last : null;
        var logits = softmax is null ? scores.Name : softmax.Input[0];
        var features = MakerOf(logits, makers) is { OpType: "Gemm" or "MatMul" or "Add" } head ? FeaturesOf(head, makers, graph) : null;

        Normalize(graph, input, preprocessing);
        var shape = scores.Type.TensorType.Shape;
        graph.Output.Clear();
        AddOutput(graph, ModelFile.LogitsName, "Identity", logits, shape);
        if (softmax is null) AddOutput(graph, ModelFile.ProbabilitiesName, "Softmax", logits, shape);
        else AddOutput(graph, ModelFile.ProbabilitiesName, "Identity", scores.Name, shape);
        if (features is { } found)
            AddOutput(graph, ModelFile.FeaturesName, "Flatten", found.Name, Shape(shape.Dim[0], found.Count));
        ModelFile.SetCard(model, new()
        {
            Architecture = ForeignArchitecture,
            Preprocessing = preprocessing,
            Source = $"an ONNX file made by {model.ProducerName} {model.ProducerVersion}".Trim(),
        });
    }

    private static ValueInfoProto FindInput(GraphProto graph, ImagePreprocessing preprocessing)
    {
        var constants = graph.Initializer.Select(tensor => tensor.Name).ToHashSet();
        var inputs = graph.Input.Where(value => !constants.Contains(value.Name)).ToList();
        if (inputs is not [{ Type.TensorType: { } type } input]
            || type.Shape is not { Dim: [_, { DimValue: 3 }, { DimValue: var height }, { DimValue: var width }] })
        {
            throw new InvalidDataException(
                "The model has no image input: a ResNet has one input [batch, 3, height, width], this has " +
                $"{string.Join(", ", inputs.Select(Describe))}.");
        }

        if (type.ElemType != (int)TensorProto.Types.DataType.Float)
            throw new InvalidDataException($"The model's input '{input.Name}' is not float32.");
        // Zero stands for a free size.
        if ((height <= 0 || height == preprocessing.Crop) && (width <= 0 || width == preprocessing.Crop)) return input;
        throw new InvalidDataException(
            $"The model takes images of {height} x {width} pixels, but the preprocessing crops to {preprocessing.Crop}. Set Crop to fit.");
    }

    private static ValueInfoProto FindScores(GraphProto graph)
    {
        var found = graph.Output.FirstOrDefault(value => value.Type?.TensorType?.Shape is { Dim: [_, { DimValue: > 0 }] });
        return found ?? throw new InvalidDataException(
            $"The model has no output of scores [batch, classes]; it has {string.Join(", ", graph.Output.Select(Describe))}.");
    }

    /// <summary>What goes into the fully connected layer, and how many values that is.</summary>
    private static (string Name, int Count)? FeaturesOf(NodeProto head, Dictionary<string, NodeProto> makers, GraphProto graph)
    {
        if (head.OpType == "Add")
        {
            // MatMul and the bias apart.
            var product = head.Input.Select(name => MakerOf(name, makers)).FirstOrDefault(node => node?.OpType == "MatMul");
            return product is null ? null : FeaturesOf(product, makers, graph);
        }

        var weight = graph.Initializer.FirstOrDefault(tensor => tensor.Name == head.Input[1]);
        if (weight is not { Dims.Count: 2 }) return null;
        var transposed = head.OpType == "Gemm" && head.Attribute.Any(attribute => attribute is { Name: "transB", I: 1 });
        return (head.Input[0], (int)weight.Dims[transposed ? 1 : 0]);
    }

    /// <summary>The node that makes a value, nodes that only pass values through left out; null if no node makes it.</summary>
    private static NodeProto? MakerOf(string name, Dictionary<string, NodeProto> makers)
    {
        var node = makers.GetValueOrDefault(name);
        while (node is not null && PassThrough.Contains(node.OpType)) node = makers.GetValueOrDefault(node.Input[0]);
        return node;
    }

    private static void Normalize(GraphProto graph, ValueInfoProto input, ImagePreprocessing preprocessing)
    {
        var added = new OnnxGraph("");
        var std = preprocessing.Std;
        var mean = added.MeanOf(preprocessing, "resnet.mean");
        added.Constant("resnet.std", [255 * std.R, 255 * std.G, 255 * std.B], 1, 3, 1, 1);
        added.Node("Sub", "resnet.centred", [ModelFile.InputName, mean]);
        var value = added.Node("Div", "resnet.normalised", ["resnet.centred", "resnet.std"]);
        if (preprocessing.ChannelOrder == ChannelOrder.Bgr)
        {
            var order = added.Constant("resnet.bgr", 2L, 1L, 0L);
            value = added.Node("Gather", "resnet.reordered", [value, order], Attribute("axis", 1));
        }

        graph.Initializer.AddRange(added.Graph.Initializer);
        // The old input's name may be "image" too, so its users are pointed to the normalized value.
        RenameInput(graph, input.Name, value);
        for (var i = 0; i < added.Graph.Node.Count; i++) graph.Node.Insert(i, added.Graph.Node[i]);
        input.Name = ModelFile.InputName;
        if (preprocessing.MeanImage is not { } image) return;
        var dimensions = input.Type.TensorType.Shape.Dim;
        (dimensions[2].DimValue, dimensions[3].DimValue) = (image.Size, image.Size);
    }

    private static void AddOutput(GraphProto graph, string name, string operation, string input, TensorShapeProto shape)
    {
        // A value that has our name already stays what it is under another one.
        foreach (var node in graph.Node)
        {
            for (var i = 0; i < node.Output.Count; i++)
            {
                if (node.Output[i] != name) continue;
                node.Output[i] = $"resnet.inner.{name}";
                RenameInput(graph, name, node.Output[i]);
                if (input == name) input = node.Output[i];
            }
        }

        var added = new NodeProto { OpType = operation, Name = $"resnet.{name}", Input = { input }, Output = { name } };
        if (operation != "Identity") added.Attribute.Add(Attribute("axis", 1));
        graph.Node.Add(added);
        graph.Output.Add(FloatValue(name, shape.Clone()));
    }

    private static TensorShapeProto Shape(TensorShapeProto.Types.Dimension batch, int count) =>
        new() { Dim = { batch.Clone(), new TensorShapeProto.Types.Dimension { DimValue = count } } };

    private static string Describe(ValueInfoProto value)
    {
        var sizes = value.Type?.TensorType?.Shape?.Dim.Select(size => size.DimParam is { Length: > 0 } name ? name : $"{size.DimValue}");
        return $"'{value.Name}' [{string.Join(", ", sizes ?? [])}]";
    }
}
