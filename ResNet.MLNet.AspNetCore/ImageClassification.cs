using System.Text.Json;
using System.Text.Json.Serialization;

namespace ResNet.MLNet.AspNetCore;

/// <summary>What a network sees in an image, and which network it was.</summary>
/// <param name="Classes">The classes, the most probable first, as <see cref="ResNetModel.Classify(string, int)"/> gives them.</param>
/// <param name="Model">The digest of the model file that answered; null if the file does not state one.</param>
public sealed record ImageClassification(IReadOnlyList<ClassPrediction> Classes, string? Model);

/// <summary>Writes answers without reflection, so that applications may be trimmed.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ImageClassification))]
internal sealed partial class AnswerJson : JsonSerializerContext;
