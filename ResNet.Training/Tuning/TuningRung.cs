namespace ResNet.Training;

/// <summary>
/// A round of successive halving (Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization", 2016):
/// many candidates on little, the best of them on more.
/// </summary>
/// <param name="Images">The number of training images, those that are held out included.</param>
/// <param name="Folds">The number of folds that are held out, one after the other.</param>
internal sealed record TuningRung(int Images, int Folds)
{
    private const int FewImages = 240, SomeImages = 480, KeptOf = 3;
    private const double LeastShare = 0.3, MostOf = 0.8;

    /// <summary>The rounds for a number of training images.</summary>
    public static IReadOnlyList<TuningRung> For(int images)
    {
        var few = NearlyAll(Math.Max(FewImages, images / 8));
        var some = NearlyAll(Math.Max(SomeImages, images / 2));
        return [new(few, 1), new(some, few == some ? 2 : 1), new(images, FoldStage.Folds)];

        // Trials on all images count in the last round, too.
        int NearlyAll(int wanted) => wanted > MostOf * images ? images : wanted;
    }

    /// <summary>How many of the candidates of a round go on.</summary>
    public static int Kept(int candidates) => (candidates + KeptOf - 1) / KeptOf;

    /// <summary>
    /// When no trial of each round may go on any more: the last two get three tenths of the time each, or what one candidate needs there,
    /// and the first what is left.
    /// </summary>
    /// <param name="seconds">The time for all rounds.</param>
    /// <param name="costs">What one candidate costs in each round.</param>
    /// <returns>Seconds for each round, from the beginning of the first; negative if there is no time for it.</returns>
    public static IReadOnlyList<double> Limits(double seconds, IReadOnlyList<double> costs)
    {
        var limits = new double[costs.Count];
        limits[^1] = seconds;
        for (var rung = costs.Count - 1; rung > 0; rung--)
            limits[rung - 1] = limits[rung] - Math.Max(LeastShare * seconds, costs[rung]);
        return limits;
    }
}
