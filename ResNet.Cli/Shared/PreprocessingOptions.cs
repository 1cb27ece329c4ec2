using System.CommandLine;
using System.Globalization;

namespace ResNet.Cli;

/// <summary>The options that say how images are prepared, for weights and networks from elsewhere.</summary>
internal sealed class PreprocessingOptions
{
    private readonly Option<int?> _resize = CommonOptions.Positive(
        "--resize", "Length of an image's shorter side after resizing. [default: 256; 32 for CIFAR networks]");

    private readonly Option<int?> _crop = CommonOptions.Positive(
        "--crop", "Height and width of the network's input. [default: 224; 32 for CIFAR networks]");

    private readonly Option<Rgb?> _mean = Color("--mean", "Mean of the pixels", "0.485,0.456,0.406");
    private readonly Option<Rgb?> _std = Color("--std", "Standard deviation of the pixels", "0.229,0.224,0.225");

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

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _resize, _squash, _crop, _mean, _std, _order, _interpolation }) command.Add(option);
    }

    /// <summary>The standard preprocessing with what the options change.</summary>
    public ImagePreprocessing Get(ParseResult parsed, ImagePreprocessing standard)
    {
        var crop = parsed.GetValue(_crop);
        var mean = parsed.GetValue(_mean);
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

    private static Option<Rgb?> Color(string name, string what, string standard) => new(name)
    {
        HelpName = "R,G,B",
        Description = $"{what}, on a scale of 0 to 1. [default: {standard}]",
        CustomParser = result =>
        {
            var values = Array.ConvertAll(result.Tokens[0].Value.Split(','), ParseNumber);
            if (values is [var red, var green, var blue] && values.All(float.IsFinite)) return new Rgb(red, green, blue);
            result.AddError($"{name} must be three numbers, such as {standard}.");
            return null;
        },
    };

    private static float ParseNumber(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : float.NaN;
}
