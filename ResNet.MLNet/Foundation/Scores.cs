namespace ResNet.MLNet;

/// <summary>The best classes of a network's scores. Equal scores are ranked by index.</summary>
internal static class Scores
{
    /// <summary>The index of the greatest score.</summary>
    /// <param name="scores">One or more scores.</param>
    public static int ArgMax(ReadOnlySpan<float> scores)
    {
        var best = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            if (scores[i] > scores[best]) best = i;
        }

        return best;
    }

    /// <summary>The indices of the probabilities that reach their thresholds, the greatest probability first.</summary>
    /// <param name="probabilities">The probabilities; NaN reaches none.</param>
    /// <param name="thresholds">As many thresholds.</param>
    public static int[] Reaching(float[] probabilities, IReadOnlyList<float> thresholds) =>
        [.. TopK(probabilities, probabilities.Length).Where(index => probabilities[index] >= thresholds[index])];

    /// <summary>The indices of the greatest scores, the greatest first.</summary>
    /// <param name="scores">The scores.</param>
    /// <param name="count">How many indices are wanted; all, if there are fewer scores.</param>
    public static int[] TopK(float[] scores, int count) =>
        [.. Enumerable.Range(0, scores.Length).OrderByDescending(index => scores[index]).Take(count)];
}
