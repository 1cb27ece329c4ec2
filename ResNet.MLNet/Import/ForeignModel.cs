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

    /// <summary>Brings a graph into the form that everything here reads: ordered, of float32 numbers, constants as initializers.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <returns>Its image input.</returns>
    /// <exception cref="InvalidDataException">It is damaged, or takes no images.</exception>
    public static ForeignInput Prepare(ModelProto model)
    {
        var graph = model.Graph ?? throw new InvalidDataException("The ONNX file has no graph.");
        EnsureOrdered(graph);
        WidenedNumbers.Widen(graph);
        LiftConstants(graph);
        return ForeignInput.Find(graph);
    }

    /// <summary>Changes the model in place; the card is the caller's.</summary>
    /// <param name="model">The model, after <see cref="Prepare"/>.</param>
    /// <param name="preprocessing">How images are prepared.</param>
    /// <returns>The number of classes; 0 for a network that gives features only.</returns>
    /// <exception cref="InvalidDataException">
    /// It has no image input or no features or scores as output, or its input or the mean image is of another size than the preprocessing
    /// gives.
    /// </exception>
    public static int Adapt(ModelProto model, ImagePreprocessing preprocessing)
    {
        var graph = model.Graph;
        if (preprocessing.FindMeanImageProblem() is { } problem) throw new InvalidDataException(problem);
        var input = ForeignInput.Find(graph);
        preprocessing.EnsureFitsInput(input.Height, input.Width);
        var outputs = ForeignOutputs.Find(graph);
        var batch = input.Batch;
        Normalize(graph, input, preprocessing);
        graph.Output.Clear();
        if (outputs.Features is { } features)
            AddOutput(graph, ModelFile.FeaturesName, "Flatten", features, Shape(batch, outputs.FeatureCount));
        if (outputs.Logits is { } logits)
        {
            var shape = Shape(batch, outputs.Classes);
            AddOutput(graph, ModelFile.LogitsName, "Flatten", logits, shape);
            if (outputs.Probabilities is { } probabilities) AddOutput(graph, ModelFile.ProbabilitiesName, "Flatten", probabilities, shape);
            else AddOutput(graph, ModelFile.ProbabilitiesName, "Softmax", ModelFile.LogitsName, shape);
        }

        // From this version on, weights need not be listed as inputs.
        model.IrVersion = Math.Max(model.IrVersion, 4);
        return outputs.Classes;
    }

    /// <summary>What the card of an adapted file says of it.</summary>
    public static ModelCard CardOf(ModelProto model, ImagePreprocessing preprocessing) => new()
    {
        Architecture = ForeignArchitecture,
        Preprocessing = preprocessing,
        Source = $"an ONNX file made by {model.ProducerName} {model.ProducerVersion}".Trim(),
    };

    private static void Normalize(GraphProto graph, ForeignInput input, ImagePreprocessing preprocessing)
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
        if (input.IsChannelsLast)
        {
            var order = Attribute("perm", 0, 2, 3, 1);
            value = added.Node("Transpose", "resnet.transposed", [value], order);
        }

        // The old input's name may be "image" too, so its users are pointed to the normalized value.
        RenameInput(graph, input.Value.Name, value);
        for (var i = 0; i < added.Graph.Node.Count; i++) graph.Node.Insert(i, added.Graph.Node[i]);
        var (height, width) = preprocessing.MeanImage is { Size: var size } ? (size, size) : (input.Height, input.Width);
        graph.Input.Remove(input.Value);
        graph.Input.Add(FloatValue(ModelFile.InputName, input.ShapeOf(height, width)));
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
        added.Attribute.Add(Attribute("axis", 1));
        graph.Node.Add(added);
        graph.Output.Add(FloatValue(name, shape.Clone()));
    }

    private static TensorShapeProto Shape(TensorShapeProto.Types.Dimension batch, int count) =>
        new() { Dim = { batch.Clone(), new TensorShapeProto.Types.Dimension { DimValue = count } } };
}
