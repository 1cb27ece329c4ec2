namespace ResNet.Training;

/// <summary>What was made of a run that did not end.</summary>
/// <param name="ModelFile">The path of the model file.</param>
/// <param name="ReportFile">The path of the report; null if it could not be made.</param>
/// <param name="Card">The model file's card.</param>
/// <param name="Notes">What the user should know, such as that the best epoch's network could not be read.</param>
public sealed record ExportedRun(string ModelFile, string? ReportFile, ModelCard Card, IReadOnlyList<string> Notes);
