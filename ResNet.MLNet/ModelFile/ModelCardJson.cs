using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace ResNet.MLNet;

/// <summary>
/// How a model card is written and read. The code is generated, so that it also works in applications that are trimmed or compiled ahead of
/// time and in those of one file, where JSON by reflection is switched off.
/// </summary>
internal static partial class ModelCardJson
{
    /// <summary>Writes and reads cards.</summary>
    public static JsonTypeInfo<ModelCard> Format { get; } = (JsonTypeInfo<ModelCard>)new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        NewLine = "\n",
        TypeInfoResolver = CardContext.Default
            .WithAddedModifier(JsonDefaults.Keep(() => new ModelCard { Architecture = null!, Preprocessing = null! }))
            .WithAddedModifier(JsonDefaults.Keep(() => new ImagePreprocessing())),
    }.GetTypeInfo(typeof(ModelCard));

    [JsonSerializable(typeof(ModelCard))]
    private sealed partial class CardContext : JsonSerializerContext;
}
