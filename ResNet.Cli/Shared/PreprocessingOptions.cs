using System.CommandLine;
using System.Globalization;

namespace ResNet.Cli;

/// <summary>The options that say how images are prepared, for weights and networks from elsewhere.</summary>
internal sealed class PreprocessingOptions
{
    /// <summary>What the library takes.</summary>
    public const int LargestCrop = 4096, LargestResize = 16384;

    private readonly Option<int?> _resize = CommonOptions.Positive(
        "--resize",
        "Length of an image's shorter side after resizing. [default: 256; 32 for CIFAR networks]",
        maximum: LargestResize);

    private readonly Option<int?> _crop = CommonOptions.Positive(
        "--crop",
        "Height and width of the network's input. [default: 224; 32 for CIFAR networks]",
        maximum: LargestCrop);

    private readonly Option<Rgb?> _mean = Color("--mean", "Mean of the pixels", "0.485,0.456,0.406");
    private readonly Option<Rgb?> _std = Color(
        "--std", "Standard deviation of the pixels", "0.229,0.224,0.225", isAboveZero: true);

    private readonly Option<bool> _squash = new("--squash")
    {
        Description = "Resize both sides to that length, whatever the image's proportions.",
    };

    private readonly Option<ChannelOrder?> _order = new("--channel-order")
    {
        HelpName = "rgb | bgr",
        Description = "The order in which a network from elsewhere takes the color channels (bgr: Caffe, OpenCV). [default: rgb]",
    };

    private readonly Option<Interpolation?> _interpolation = new("--interpolation")
    {
        HelpName = "NAME",
        Description = "bilinear, bicubic or box. [default: bilinear]",
    };

    private readonly Option<string?> _graph = new("--preprocessing")
    {
        HelpName = "FILE",
        Description = "An ONNX graph that prepares images for the network's, such as ML.NET's ResNetPreprocess.onnx.",
    };

    private IReadOnlyList<Option> All => [_graph, _resize, _squash, _crop, _mean, _std, _order, _interpolation];

    public void AddTo(Command command)
    {
        foreach (var option in All) command.Add(option);
    }

    /// <summary>
    /// How images are prepared for a model that does not say so itself, with what the options say; what else is assumed is said. Null for
    /// one that does.
    /// </summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="file">The model.</param>
    /// <exception cref="ArgumentException">Options are given for a model that says itself how its images are prepared.</exception>
    public ImagePreprocessing? ForModel(ParseResult parsed, string file)
    {
        if (ForGraph(parsed, file) is { } given) return given;
        if (ModelCard.Read(file) is not null) return null;
        var preprocessing = Get(parsed, ImagePreprocessing.ImageNet);
        Console.Error.WriteLine(
            $"'{file}' does not say how its images are prepared. Assumed: shorter side {preprocessing.Resize}, crop " +
            $"{preprocessing.Crop}, red, green, blue, ImageNet's mean and deviation. " +
            $"{string.Join(", ", All.Select(each => each.Name))} say it.");
        return preprocessing;
    }

    /// <summary>What the options say of a graph from elsewhere; null if none is given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="file">The model.</param>
    /// <exception cref="ArgumentException">Options are given for a file that says itself how its images are prepared.</exception>
    public ImagePreprocessing? ForGraph(ParseResult parsed, string file)
    {
        var given = Given(parsed);
        if (given.Count == 0) return null;
        var isGraph = Path.GetExtension(file).Equals(".onnx", StringComparison.OrdinalIgnoreCase) && ModelCard.Read(file) is null;
        if (isGraph) return Get(parsed, ImagePreprocessing.ImageNet);
        throw new ArgumentException(
            $"'{file}' is not an ONNX graph from elsewhere: how its images are prepared is known. Leave out {string.Join(", ", given)}; " +
            "for other images, import the weights again with them.");
    }

    /// <summary>Checks that no option is given.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="need">What they are for.</param>
    /// <exception cref="ArgumentException">One is given.</exception>
    public void EnsureNone(ParseResult parsed, string need)
    {
        if (Given(parsed) is [_, ..] given) throw new ArgumentException($"{string.Join(", ", given)} is for {need} only.");
    }

    /// <summary>The standard preprocessing with what the options change.</summary>
    public ImagePreprocessing Get(ParseResult parsed, ImagePreprocessing standard)
    {
        var crop = parsed.GetValue(_crop);
        var mean = parsed.GetValue(_mean);
        if (parsed.GetValue(_graph) is { } graph)
        {
            var read = ResNetImporter.ReadPreprocessing(graph);
            standard = read with { Interpolation = standard.Interpolation };
        }

        return standard with
        {
            Crop = crop ?? standard.Crop,
            Resize = parsed.GetValue(_resize) ?? (crop is { } size ? Math.Max(size, standard.Resize ?? size) : standard.Resize),
            Squash = parsed.GetValue(_squash) || standard.Squash,
            Mean = mean ?? standard.Mean,
            MeanImage = mean is null ? standard.MeanImage : null,
            Std = parsed.GetValue(_std) ?? standard.Std,
            ChannelOrder = parsed.GetValue(_order) ?? standard.ChannelOrder,
            Interpolation = parsed.GetValue(_interpolation) ?? standard.Interpolation,
        };
    }

    private List<string> Given(ParseResult parsed) =>
        [.. All.Where(option => parsed.GetResult(option) is { Implicit: false }).Select(option => option.Name)];

    private static Option<Rgb?> Color(string name, string what, string standard, bool isAboveZero = false) => new(name)
    {
        HelpName = "R,G,B",
        Description = $"{what}, on a scale of 0 to 1. [default: {standard}]",
        CustomParser = result =>
        {
            var values = Array.ConvertAll(result.Tokens[0].Value.Split(','), ParseNumber);
            var isUsable = values.All(value => float.IsFinite(value) && (!isAboveZero || (value > 0 && float.IsFinite(1 / value))));
            if (values is [var red, var green, var blue] && isUsable) return new Rgb(red, green, blue);
            result.AddError($"{name} must be three numbers{(isAboveZero ? " above 0" : "")}, such as {standard}.");
            return null;
        },
    };

    private static float ParseNumber(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : float.NaN;
}
