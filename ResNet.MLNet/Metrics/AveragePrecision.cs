namespace ResNet.MLNet;

/// <summary>How well scores rank the images of a class before the others, and where to cut the ranking.</summary>
internal sealed class AveragePrecision
{
    private const float UsualThreshold = 0.5f;

    private AveragePrecision(double? value, float threshold) => (Value, Threshold) = (value, threshold);

    /// <summary>
    /// The sum over the distinct scores, from the highest, of the precision there times the recall that is gained: 0 to 1, as
    /// scikit-learn's average_precision_score computes it; null without images of the class.
    /// </summary>
    public double? Value { get; }

    /// <summary>
    /// The threshold of the highest F1, halfway between the lowest score that is predicted and the next one, so that rounding does not
    /// move an image over it; of several the highest; 0.5 without images of the class.
    /// </summary>
    public float Threshold { get; }

    /// <summary>Measures a class.</summary>
    /// <param name="scores">The probability of each image, 0 to 1.</param>
    /// <param name="isPositive">Whether each image is of the class.</param>
    public static AveragePrecision Of(float[] scores, bool[] isPositive)
    {
        var support = isPositive.Count(positive => positive);
        if (support == 0) return new(null, UsualThreshold);
        var order = Enumerable.Range(0, scores.Length).OrderByDescending(index => scores[index]).ToArray();
        var (average, bestF1) = (0.0, 0.0);
        var (threshold, correct) = (UsualThreshold, 0);
        for (var taken = 0; taken < order.Length;)
        {
            // Images of equal scores are predicted together.
            var (score, gained) = (scores[order[taken]], 0);
            for (; taken < order.Length && scores[order[taken]] == score; taken++) gained += isPositive[order[taken]] ? 1 : 0;
            correct += gained;
            average += (double)gained / support * correct / taken;
            var f1 = 2.0 * correct / (taken + support);
            if (f1 <= bestF1) continue;
            bestF1 = f1;
            threshold = Between(taken < order.Length ? scores[order[taken]] : 0, score);
        }

        return new(average, threshold);
    }

    private static float Between(float low, float high)
    {
        var middle = (float)(((double)low + high) / 2);
        return middle > low ? middle : high;
    }
}
