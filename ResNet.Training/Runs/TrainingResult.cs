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

    /// <summary>
    /// What one should know before one trusts the accuracy, in sentences: that the network did not learn, or that the same images chose
    /// the epoch. Empty if there is nothing to say.
    /// </summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Lines of C# that use the model file, separated by \n.</summary>
    public string ExampleCode => Training.ExampleCode.For(ModelFile);
}
