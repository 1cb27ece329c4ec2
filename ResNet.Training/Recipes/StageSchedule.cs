namespace ResNet.Training;

/// <summary>
/// When each part of a network is trained, and at which factor of the learning rate, as <see cref="FineTuning"/> says; without it all of
/// the network alike. Parts are 0 the first convolution, then the stages from 1, then the classifier. Nothing here depends on how a run got
/// to where it is.
/// </summary>
/// <param name="recipe">The recipe of the run.</param>
/// <param name="architecture">The network.</param>
/// <param name="batchesPerEpoch">The steps of an epoch.</param>
internal sealed class StageSchedule(TrainingRecipe recipe, ResNetArchitecture architecture, int batchesPerEpoch)
{
    private readonly int _stages = architecture.StageBlocks.Count;

    /// <summary>
    /// The first part of the network that is trained in an epoch: the last stage at first, where stages are released one by one.
    /// </summary>
    /// <param name="epoch">The epoch, from 0.</param>
    public int FirstTrained(int epoch) =>
        recipe.FineTuning is { EpochsPerStage: > 0 and var each } ? Math.Max(0, _stages - epoch / each) : 0;

    /// <summary>The factor of the learning rate of a part in an epoch: 0 before its release.</summary>
    /// <param name="part">The part.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    public double FactorOf(int part, int epoch) => part < FirstTrained(epoch) ? 0 : FactorOf(part);

    /// <summary>The factor of the learning rate of a part once it is released: 1 for the last stage.</summary>
    /// <param name="part">The part.</param>
    public double FactorOf(int part)
    {
        if (recipe.FineTuning is not { } tuning) return 1;
        return part > _stages ? tuning.HeadLearningRateFactor : Math.Pow(tuning.StageLearningRateFactor, _stages - part);
    }

    /// <summary>The steps of the run before a part is released.</summary>
    /// <param name="part">The part.</param>
    public long StepsBefore(int part) =>
        recipe.FineTuning is { EpochsPerStage: > 0 and var each } ? Math.Max(0, _stages - part) * (long)each * batchesPerEpoch : 0;
}
