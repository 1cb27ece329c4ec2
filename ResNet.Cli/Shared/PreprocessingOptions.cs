using System.CommandLine;
using System.Globalization;

namespace ResNet.Cli;

/// <summary>The options that say how images are prepared, for weights and networks from elsewhere.</summary>
internal sealed class PreprocessingOptions
{
    private readonly Option<int?> _resize = CommonOptions.Positive("--resize", "Length of an image's shorter side after resizing. [default: 256, and 32 for CIFAR networks]");
    private readonly Option<int?> _crop = CommonOptions.Positive("--crop", "Height and width of the network's input. [default: 224, and 32 for CIFAR networks]");
    private readonly Option<Rgb?> _mean = Color("--mean", "0.485,0.456,0.406"), _std = Color("--std", "0.229,0.224,0.225");
    private readonly Option<Interpolation?> _interpolation = new("--interpolation") { HelpName = "NAME", Description = "bilinear, bicubic or box. [default: bilinear]" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _resize, _crop, _mean, _std, _interpolation }) command.Add(option);
    }

    /// <summary>What was said, and for the rest what is usual.</summary>
    public ImagePreprocessing Get(ParseResult parsed, ImagePreprocessing standard)
    {
        var size = parsed.GetValue(_crop) ?? standard.Crop;
        return standard with
        {
            Crop = size,
            Resize = parsed.GetValue(_resize) ?? Math.Max(size, standard.Resize ?? size),
            Mean = parsed.GetValue(_mean) ?? standard.Mean,
            Std = parsed.GetValue(_std) ?? standard.Std,
            Interpolation = parsed.GetValue(_interpolation) ?? standard.Interpolation,
        };
    }

    private static Option<Rgb?> Color(string name, string standard) => new(name)
    {
        HelpName = "R,G,B",
        Description = $"For pixels of 0 to 1. [default: {standard}]",
        CustomParser = result =>
        {
            var values = result.Tokens[0].Value.Split(',').Select(part => float.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : float.NaN).ToArray();
            if (values is [var r, var g, var b] && values.All(float.IsFinite)) return new Rgb(r, g, b);
            result.AddError($"{name} is three numbers, such as {standard}.");
            return null;
        },
    };
}
