using System.Text.Json;
using System.Text.Json.Serialization;

namespace ResNet.MLNet;

/// <summary>What a model file says of itself, kept as JSON in its metadata entry <c>resnet.card</c>.</summary>
public sealed record ModelCard
{
    /// <summary>The name of the metadata entry.</summary>
    internal const string MetadataKey = "resnet.card";

    /// <summary>The newest schema version that this code reads and the one it writes.</summary>
    internal const int CurrentSchemaVersion = 1;

    /// <summary>Version of this schema. A reader takes any version up to its own and ignores entries that it does not know.</summary>
    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>The architecture's name with options, as <see cref="ResNetArchitecture.Parse"/> reads it.</summary>
    public required string Architecture { get; init; }

    /// <summary>How images become the network's input.</summary>
    public required ImagePreprocessing Preprocessing { get; init; }

    /// <summary>The classes' names in the order of the logits; null where they are not known.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>How the output <c>probabilities</c> is made of <c>logits</c>. Default: softmax.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ScoreFunction ScoreFunction { get; init; }

    /// <summary>
    /// Of a network that gives an image several labels, or none: the probability from which it gives each class, 0 to 1, in the order of
    /// the logits. Null for a network that gives an image one class.
    /// </summary>
    public IReadOnlyList<float>? Thresholds { get; init; }

    /// <summary>How the network was trained or where its weights came from, in words.</summary>
    public string? Source { get; init; }

    /// <summary>The recipe that the network was trained with, as JSON; null where it is not known.</summary>
    public JsonElement? Recipe { get; init; }

    /// <summary>How it was quantized, in words; null for a float network.</summary>
    public string? Quantization { get; init; }

    /// <summary>The license of the weights.</summary>
    public string? License { get; init; }

    /// <summary>Measured figures by name, such as <c>top1</c> and <c>top5</c> (0 to 1).</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }

    /// <summary>
    /// The mean feature of each class, so that classes can be added without their images: [classes, features] little-endian float32 as
    /// base64, each of length 1, zeros for a class without images. Null where they are not known.
    /// </summary>
    [JsonInclude]
    internal string? ClassMeans { get; init; }

    /// <summary>When the file was made (UTC); null if its maker wants files that do not depend on the day.</summary>
    public DateTime? Created { get; init; }

    /// <summary>
    /// A card that says what an architecture says itself: its name and the usual preprocessing. What else is known is added with
    /// <c>with</c>.
    /// </summary>
    /// <param name="architecture">The network.</param>
    public static ModelCard For(ResNetArchitecture architecture)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        return new() { Architecture = architecture.Name, Preprocessing = ImagePreprocessing.For(architecture) };
    }

    /// <summary>Reads the card of a model file, without its weights.</summary>
    /// <param name="file">The path of an ONNX file.</param>
    /// <returns>The card; null where the file has none, because it is from elsewhere.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// It is not an ONNX file, or its card cannot be read or is of a newer version; the message names the file.
    /// </exception>
    public static ModelCard? Read(string file)
    {
        try
        {
            using var content = ModelFileContent.Open(file);
            return content.Header.Card;
        }
        catch (InvalidDataException problem)
        {
            throw new InvalidDataException($"'{file}': {problem.Message}", problem);
        }
    }

    /// <summary>Reads the JSON of a card.</summary>
    /// <param name="json">The JSON, as <see cref="ToJson"/> writes it.</param>
    /// <exception cref="InvalidDataException">It is not a card, one of a newer version, or a value is out of its range.</exception>
    public static ModelCard FromJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            var card = JsonSerializer.Deserialize(json, ModelCardJson.Format) ?? throw new JsonException("it is null");
            if (card.SchemaVersion <= CurrentSchemaVersion)
                return card.FindProblem() is { } problem ? throw new ArgumentException(problem) : card;
            throw new InvalidDataException(
                $"The model card has schema version {card.SchemaVersion}, and this version of ResNet.MLNet reads up to " +
                $"{CurrentSchemaVersion}. Update the package.");
        }
        catch (Exception problem) when (problem is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"The model card ('{MetadataKey}') cannot be read: {problem.Message}", problem);
        }
    }

    /// <summary>What is wrong with a card that came from elsewhere, whatever its network is; null if nothing is.</summary>
    private string? FindProblem()
    {
        // JSON says null where a type allows none.
        if (string.IsNullOrWhiteSpace(Architecture)) return "it names no architecture.";
        if (Preprocessing is null) return "its preprocessing is null.";
        if (Labels is { } labels && labels.Contains(null)) return "one of its labels is null.";
        if (!Enum.IsDefined(ScoreFunction)) return $"its score function is {ScoreFunction}, which does not exist.";
        if (Thresholds?.All(value => value is >= 0 and <= 1) == false) return "its thresholds are not all from 0 to 1.";
        return Preprocessing.FindMeanImageProblem();
    }

    /// <summary>The card as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ModelCardJson.Format);
}
