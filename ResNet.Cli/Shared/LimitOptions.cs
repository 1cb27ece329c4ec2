using System.CommandLine;

namespace ResNet.Cli;

/// <summary>The options that say how large images may be; whatever reads images has them.</summary>
internal sealed class LimitOptions
{
    private static readonly QuantizationOptions Standard = new();

    private readonly Option<long?> _pixels = Positive(
        "--max-pixels", $"The largest image that is decoded, in pixels. [default: {Standard.MaximumPixels}]");

    private readonly Option<long?> _bytes = Positive(
        "--max-file-bytes", $"The longest image file that is read, in bytes. [default: {Standard.MaximumFileBytes}]");

    public void AddTo(Command command)
    {
        command.Add(_pixels);
        command.Add(_bytes);
    }

    public long Pixels(ParseResult parsed) => parsed.GetValue(_pixels) ?? Standard.MaximumPixels;

    public long FileBytes(ParseResult parsed) => parsed.GetValue(_bytes) ?? Standard.MaximumFileBytes;

    private static Option<long?> Positive(string name, string description)
    {
        var option = new Option<long?>(name) { HelpName = "N", Description = description };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<long?>() is < 1) result.AddError($"{name} must be 1 or more.");
        });
        return option;
    }
}
