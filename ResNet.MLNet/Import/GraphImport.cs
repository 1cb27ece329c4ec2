using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// Makes a model of this project of an ONNX graph from elsewhere. Where the graph is a ResNet's, its weights are read, and running both
/// proves that they compute the same; else the graph stays what it is and gets our inputs and outputs.
/// </summary>
internal sealed class GraphImport
{
    private readonly ModelProto _model;
    private readonly ForeignInput _input;
    private readonly GraphWeights? _reading;

    // Why the graph is used as it is; null as long as it is read as a network.
    private string? _reason;

    /// <summary>Reads a model.</summary>
    /// <param name="model">The model, with all weights inside. It is changed.</param>
    /// <exception cref="InvalidDataException">It is not the graph of a network for images.</exception>
    public GraphImport(ModelProto model)
    {
        _input = ForeignModel.Prepare(model);
        _model = model;
        try
        {
            _reading = GraphReader.Read(SimplifiedGraph.Of(model));
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            _reason = problem.Message;
        }
    }

    /// <summary>The network, if the graph is a ResNet's; else null.</summary>
    public GraphWeights? Network => _reading;

    /// <summary>The card that says what the graph says itself.</summary>
    public ModelCard KnownCard => new()
    {
        Architecture = _reading?.Architecture.Name ?? ForeignModel.ForeignArchitecture,
        Preprocessing = Guess,
    };

    /// <summary>What <see cref="Guess"/> assumes, in a sentence.</summary>
    public string Assumption
    {
        get
        {
            var (guess, what) = (Guess, "ImageNet's mean and standard deviation");
            if (guess.Mean == default) what = guess.Std.R == 1 ? "no mean, pixels from 0 to 1" : "no mean, pixels from 0 to 255";
            return $"A graph does not say how its images are prepared. Assumed: shorter side {guess.Resize}, crop {guess.Crop}, " +
                $"red, green, blue, {what}.";
        }
    }

    /// <summary>
    /// How images are prepared, as far as the graph tells: its size; and, where it subtracts means itself, pixels as they are. Mean and
    /// deviation are else ImageNet's, which no graph can say.
    /// </summary>
    public ImagePreprocessing Guess
    {
        get
        {
            var size = Math.Max(_input.Height, _input.Width);
            var guess = _reading is null ? ImagePreprocessing.ImageNet : ImagePreprocessing.For(_reading.Architecture);
            if (size > 0 && size != guess.Crop) guess = guess with { Crop = size, Resize = size >= 64 ? size * 8 / 7 : size };
            if (_reading is null || _reading.Entry.IsIdentity) return guess;
            var scale = _reading.Entry.TakesRawPixels ? 1 / 255f : 1;
            return guess with { Mean = new(0, 0, 0), Std = new(scale, scale, scale) };
        }
    }

    /// <summary>Makes the bytes of a model file.</summary>
    /// <param name="card">What is known of the network; its preprocessing is that of the graph's input.</param>
    /// <returns>The file, and its card.</returns>
    /// <exception cref="InvalidDataException">The graph does not take or give what the preprocessing and the labels say.</exception>
    public ImportedModel ToModelFile(ModelCard card)
    {
        var foreign = _model.Clone();
        var classes = ForeignModel.Adapt(foreign, card.Preprocessing);
        if (card.Labels is { } labels && labels.Count != classes)
            throw new InvalidDataException($"There are {labels.Count} labels, and the network has {classes} classes.");
        ModelFile.SetCard(foreign, card);
        if (_reading is not null && Prove(ModelFile.ToBytes(foreign), card) is { } own) return own;
        var reason = $"used as it is, not read as weights: {_reason}";
        var kept = card with
        {
            Architecture = ForeignModel.ForeignArchitecture,
            Source = $"{card.Source} ({reason})",
            ScoreFunction = ForeignOutputs.FunctionOf(foreign.Graph),
        };
        ModelFile.SetCard(foreign, kept);
        return new(ModelFile.ToBytes(foreign), kept, null, $"The graph is {reason}.");
    }

    /// <summary>The network as one of this project's, if it gives what the graph gives; else null, and the reason is kept.</summary>
    private ImportedModel? Prove(byte[] foreign, ModelCard card)
    {
        try
        {
            var weights = _reading!.ForImages(card.Preprocessing, out var preprocessing);
            var known = card with { Architecture = _reading.Architecture.Name, Preprocessing = preprocessing };
            var bytes = ModelFile.ToBytes(_reading.Architecture, weights, known);
            var difference = GraphProof.Difference(bytes, foreign, card.Preprocessing.Crop);
            if (difference <= GraphProof.Tolerance) return new(bytes, known, weights, null) { Network = _reading };
            _reason = $"read as {_reading.Architecture}, it gives values that differ by {difference:0.0e+0} of the largest";
        }
        catch (InvalidDataException problem)
        {
            _reason = problem.Message;
        }

        return null;
    }
}

/// <summary>A model file that was made of a graph from elsewhere.</summary>
/// <param name="Bytes">The file.</param>
/// <param name="Card">Its card.</param>
/// <param name="Weights">The network's weights; null where the graph is used as it is.</param>
/// <param name="Note">What the user should know; null for nothing.</param>
internal sealed record ImportedModel(byte[] Bytes, ModelCard Card, StateDict? Weights, string? Note)
{
    /// <summary>The reading of the graph; null where it is used as it is.</summary>
    public GraphWeights? Network { get; init; }
}
