namespace ResNet.Training;

/// <summary>What a run gave.</summary>
/// <param name="ModelFile">The path of the model file.</param>
/// <param name="History">The figures of every epoch.</param>
/// <param name="Kept">The epoch whose network is in the model file (<see cref="TrainingRecipe.Keep"/>).</param>
/// <param name="Validation">
/// The figures of that network on the validation images; null without any, and where they have several labels.
/// </param>
/// <param name="Elapsed">How long it took, resumed parts added up.</param>
public sealed record TrainingResult(
    string ModelFile, IReadOnlyList<EpochMetrics> History, EpochMetrics Kept, ClassificationMetrics? Validation, TimeSpan Elapsed)
{
    /// <summary>The figures of that network on validation images of several labels; else null.</summary>
    public MultiLabelMetrics? MultiLabelValidation { get; init; }
}
