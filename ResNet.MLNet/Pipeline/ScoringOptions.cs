using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// How a network is applied to a column of images, whichever network it is. A saved pipeline keeps it as JSON, beside the network; how many
/// images are worked on at a time depends on the machine and is not saved.
/// </summary>
internal sealed record ScoringOptions
{
    public string OutputColumnName { get; init; } = "Features";

    /// <summary>The column of images; null for one with a usual name.</summary>
    public string? InputColumnName { get; init; }

    public ResNetOutput Output { get; init; }

    public string? PredictedLabelColumnName { get; init; }

    /// <summary>The type of the label that the network was trained with; null for text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DataKind? LabelKind { get; init; }

    /// <summary>
    /// The folder that relative paths start from; null for the current folder. It is the machine's affair and not saved; pipelines that
    /// earlier versions saved have one.
    /// </summary>
    public string? ImageFolder { get; init; }

    public BadImagePolicy OnBadImage { get; init; }

    public long MaximumPixels { get; init; } = ImageLimits.DefaultMaximumPixels;

    /// <summary>The longest image file that is read, in bytes; null for the usual limit.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaximumFileBytes { get; init; }

    [JsonIgnore]
    public ImageLimits Limits => new(MaximumPixels, MaximumFileBytes ?? ImageLimits.DefaultMaximumFileBytes);

    /// <summary>How images are prepared; null for what the model's card says.</summary>
    public ImagePreprocessing? Preprocessing { get; init; }

    /// <summary>How many images are worked on at a time; null for the number of processors.</summary>
    [JsonIgnore]
    public int? DegreeOfParallelism { get; init; }

    /// <summary>Images of one run while a pass reads many rows; null for what suits the device.</summary>
    [JsonIgnore]
    public int? BatchSize { get; init; }

    /// <summary>Reads the JSON of a saved pipeline.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    public static ScoringOptions FromJson(string json)
    {
        try
        {
            var options = JsonSerializer.Deserialize(json, ScoringOptionsJson.Format) ?? throw new JsonException("they are empty");
            options.Check();
            return options;
        }
        catch (Exception problem) when (problem is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"The saved options of the ResNet transformer cannot be read: {problem.Message}", problem);
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this with { ImageFolder = null }, ScoringOptionsJson.Format);

    /// <summary>
    /// What a message adds where a file is missing: the folder that its path starts from. Empty where that is not the reason.
    /// </summary>
    public string AdviceOn(InvalidImageException problem)
    {
        if (problem is not { Path: { } path, InnerException: FileNotFoundException or DirectoryNotFoundException }) return "";
        if (ImageFolder is { } folder && path.StartsWith(folder, StringComparison.Ordinal))
            return $"Relative paths start from ImageFolder, '{folder}'. In a model that was loaded, SetImageFolder changes it. ";
        if (Path.IsPathFullyQualified(path)) return "";
        return $"Relative paths start from the current folder, '{Environment.CurrentDirectory}', unless ImageFolder is set " +
            "(SetImageFolder in a model that was loaded). ";
    }

    /// <summary>Checks what can be checked without a network.</summary>
    /// <exception cref="ArgumentException">A value is not allowed; the message names it.</exception>
    public void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(OutputColumnName);
        Guard.Defined(Output, nameof(Output));
        Guard.Defined(OnBadImage, nameof(OnBadImage));
        if (LabelKind is { } kind) Guard.Defined(kind, nameof(LabelKind));
        ArgumentOutOfRangeException.ThrowIfLessThan(DegreeOfParallelism ?? 1, 1, nameof(DegreeOfParallelism));
        ArgumentOutOfRangeException.ThrowIfLessThan(BatchSize ?? 1, 1, nameof(BatchSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumPixels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumFileBytes ?? 1, 1, nameof(MaximumFileBytes));
    }
}
