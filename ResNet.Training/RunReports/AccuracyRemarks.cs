namespace ResNet.Training;

/// <summary>What one should know before one trusts the accuracy of a network.</summary>
internal static class AccuracyRemarks
{
    /// <summary>The remarks, in sentences; none for many runs.</summary>
    /// <param name="evaluation">The figures of the network; null without validation images.</param>
    /// <param name="labels">The names of the classes.</param>
    /// <param name="choseEpoch">Whether the same images chose the epoch whose network it is.</param>
    public static IReadOnlyList<string> On(Evaluation? evaluation, IReadOnlyList<string> labels, bool choseEpoch)
    {
        if (evaluation is null) return ["There were no validation images, so it is not known how accurate the network is."];
        List<string> remarks = [];
        if (evaluation.Classes is { IsAboveMajority: false } validation)
        {
            remarks.Add(
                $"As far as {Plural.Of(validation.Count, "validation image", "validation images")} can tell, the network did not learn: " +
                $"to predict '{labels[validation.MajorityClass]}' for every image would be as good. Check the labels, the number of " +
                "images and the learning rate.");
        }

        if (choseEpoch)
        {
            remarks.Add(
                "The validation images chose the epoch, so their accuracy is slightly too high. Images that had no part in training " +
                "give an exact one.");
        }

        return remarks;
    }
}
