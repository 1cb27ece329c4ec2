using System.Text.Json;
using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>
/// The part of <see cref="ResNetOptions"/> that a saved pipeline keeps. Where it runs (device, parallelism) is the loading machine's affair, and the
/// network itself is saved beside it.
/// </summary>
internal sealed record SavedOptions(
    string OutputColumnName, string? InputColumnName, ResNetOutput Output, string? PredictedLabelColumnName,
    string? ImageFolder, BadImagePolicy OnBadImage, long MaximumPixels, ImagePreprocessing? Preprocessing)
{
    private static readonly JsonSerializerOptions Format = new() { Converters = { new JsonStringEnumConverter() } };

    public static string ToJson(ResNetOptions options) => JsonSerializer.Serialize(
        new SavedOptions(options.OutputColumnName, options.InputColumnName, options.Output, options.PredictedLabelColumnName, options.ImageFolder,
            options.OnBadImage, options.MaximumPixels, options.Preprocessing), Format);

    public static ResNetOptions FromJson(string json)
    {
        try
        {
            var saved = JsonSerializer.Deserialize<SavedOptions>(json, Format) ?? throw new JsonException("they are empty");
            return new()
            {
                ModelFile = "(inside the saved pipeline)",
                OutputColumnName = saved.OutputColumnName,
                InputColumnName = saved.InputColumnName,
                Output = saved.Output,
                PredictedLabelColumnName = saved.PredictedLabelColumnName,
                ImageFolder = saved.ImageFolder,
                OnBadImage = saved.OnBadImage,
                MaximumPixels = saved.MaximumPixels,
                Preprocessing = saved.Preprocessing,
            };
        }
        catch (JsonException problem)
        {
            throw new InvalidDataException($"The saved options of the ResNet transformer cannot be read: {problem.Message}", problem);
        }
    }
}
