using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>How the options of a saved pipeline are written and read: by generated code, as <see cref="ModelCardJson"/>.</summary>
internal static partial class ScoringOptionsJson
{
    /// <summary>Writes and reads options.</summary>
    public static JsonTypeInfo<ScoringOptions> Format { get; } = (JsonTypeInfo<ScoringOptions>)new JsonSerializerOptions
    {
        Converters =
        {
            new JsonStringEnumConverter<ResNetOutput>(),
            new JsonStringEnumConverter<BadImagePolicy>(),
            new JsonStringEnumConverter<DataKind>(),
        },
        TypeInfoResolver = OptionsContext.Default
            .WithAddedModifier(JsonDefaults.Keep(() => new ScoringOptions()))
            .WithAddedModifier(JsonDefaults.Keep(() => new ImagePreprocessing())),
    }.GetTypeInfo(typeof(ScoringOptions));

    [JsonSerializable(typeof(ScoringOptions))]
    private sealed partial class OptionsContext : JsonSerializerContext;
}
