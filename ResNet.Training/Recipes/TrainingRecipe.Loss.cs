using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <content>What is minimized, and how rare classes are made up for. Entries with their usual values are not written, so that checkpoints
/// of runs without them go on.</content>
public sealed partial record TrainingRecipe
{
    /// <summary>
    /// The loss. Default: cross-entropy. Images with several labels (<see cref="ImageDataset.IsMultiLabel"/>) always have binary
    /// cross-entropy, whatever this says.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such value.</exception>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public LossFunction Loss { get; init => field = Guard.Defined(value); }

    /// <summary>
    /// Which images an epoch shows. Default: each once. Balanced makes up for rare classes, so it excludes balanced
    /// <see cref="ClassWeighting"/> and <see cref="LogitAdjustment"/>, which do so, too. A new head is trained on every image; there
    /// balanced sampling stands for balanced class weights.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such value.</exception>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Sampling Sampling { get; init => field = Guard.Defined(value); }

    /// <summary>
    /// Logit adjustment for rare classes (Menon et al. 2021, equation 10): in training, this times the logarithm of each class's share of
    /// the training images is added to its logit, so that the network itself learns scores for classes that are equally frequent. From 0
    /// (default, none); the paper's value is 1. Needs <see cref="LossFunction.CrossEntropy"/>. The training loss is that of the adjusted
    /// logits; accuracies and the validation loss are those of the network as it is used. A class without images counts as if it had one.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double LogitAdjustment { get; init => field = Guard.AtLeast(value, 0); }

    /// <summary>
    /// How the network learns from a teacher (<c>TrainingOptions.Teacher</c>). Default: null, not at all; a run with a teacher has
    /// <see cref="Training.Distillation"/>'s defaults then.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Distillation? Distillation { get; init; }

    /// <summary>Checks that the parts that make up for rare classes go together.</summary>
    /// <param name="isMultiLabel">Whether the images have several labels.</param>
    /// <exception cref="ArgumentException">They do not; the message says which.</exception>
    internal void CheckLoss(bool isMultiLabel)
    {
        List<string> means = [];
        if (ClassWeighting == ClassWeighting.Balanced) means.Add($"{nameof(ClassWeighting)} = {ClassWeighting}");
        if (Sampling == Sampling.Balanced) means.Add($"{nameof(Sampling)} = {Sampling}");
        if (LogitAdjustment > 0) means.Add($"{nameof(LogitAdjustment)} above 0");
        if (isMultiLabel && means.Count > 0)
        {
            throw new ArgumentException(
                $"{means[0]} makes up for rare classes where each image has one class. These images have several labels: leave it out; " +
                "each label has a threshold of its own.");
        }

        if (means.Count > 1)
        {
            throw new ArgumentException(
                $"{string.Join(" and ", means)} make up for rare classes each, together too much. Choose one of them.");
        }

        if (LogitAdjustment > 0 && Loss != LossFunction.CrossEntropy)
        {
            throw new ArgumentException(
                $"{nameof(LogitAdjustment)} is for {LossFunction.CrossEntropy}; with {Loss} use {nameof(Sampling)} or " +
                $"{nameof(ClassWeighting)} = {ClassWeighting.Balanced}.");
        }
    }
}
