namespace ResNet.Tests;

/// <summary>The figures of several labels an image are those of scikit-learn.</summary>
[TestClass]
public sealed class MultiLabelMetricsTests
{
    // Many scores are equal, which is where definitions differ.
    private static readonly float[] Scores =
    [
        0.1f, 0.8f, 0.4f,
        0.7f, 1.0f, 0.5f,
        0.5f, 0.1f, 0.3f,
        0.5f, 0.7f, 0.8f,
        0.4f, 0.1f, 0.3f,
        0.9f, 0.2f, 0.5f,
        0.9f, 0.0f, 0.6f,
        1.0f, 0.2f, 0.5f,
        0.9f, 0.1f, 0.5f,
        0.8f, 0.7f, 0.5f,
        0.2f, 0.5f, 0.4f,
        0.5f, 0.4f, 0.8f,
    ];

    private static readonly float[] Labels =
    [
        0, 1, 0,
        1, 0, 0,
        0, 1, 0,
        0, 0, 1,
        1, 0, 0,
        0, 0, 0,
        0, 1, 0,
        0, 0, 1,
        0, 0, 0,
        1, 0, 0,
        0, 0, 0,
        0, 0, 0,
    ];

    [TestMethod]
    public void Average_precisions_and_F1_are_scikit_learn_s()
    {
        var metrics = MultiLabelMetrics.Measure(Scores, Labels, classes: 3, loss: 1.5);
        Assert.AreEqual((12, 1.5), (metrics.Count, metrics.Loss));
        // sklearn.metrics.average_precision_score(labels, scores, average=None) and "macro", scikit-learn 1.4.
        double[] precisions = [0.2777777777777778, 0.3106060606060606, 0.375];
        AssertClose(precisions, metrics.PerLabel.Select(each => each.AveragePrecision!.Value));
        Assert.AreEqual(0.32112794612794615, metrics.MeanAveragePrecision!.Value, 1e-12);
        // f1_score(labels, scores >= threshold, average=None), "micro" and "macro", at the thresholds of the highest F1.
        AssertClose([0.3, 0.75, 0.7], metrics.PerLabel.Select(each => (double)each.Threshold), 1e-6);
        AssertClose([0.4615384615384615, 0.4, 0.5], metrics.PerLabel.Select(each => each.AtThreshold.F1!.Value));
        Assert.AreEqual(0.45454545454545453, metrics.MicroF1!.Value, 1e-12);
        Assert.AreEqual(0.45384615384615384, metrics.MacroF1!.Value, 1e-12);
    }

    [TestMethod]
    public void A_label_without_images_has_the_usual_threshold_and_no_say_in_the_means()
    {
        var metrics = MultiLabelMetrics.Measure([0.9f, 0.6f, 0.2f, 0.1f], [1, 0, 0, 0], classes: 2, loss: 0);
        Assert.IsNull(metrics.PerLabel[1].AveragePrecision);
        Assert.AreEqual(0.5f, metrics.PerLabel[1].Threshold);
        Assert.AreEqual(1, metrics.PerLabel[1].AtThreshold.Predicted);
        Assert.AreEqual(1.0, metrics.MeanAveragePrecision);
        Assert.AreEqual(1.0, metrics.MacroF1);
        Assert.AreEqual(2 / 3.0, metrics.MicroF1!.Value, 1e-12);
        Assert.IsNull(MultiLabelMetrics.Measure([0.2f], [0], classes: 1, loss: 0).MeanAveragePrecision);
    }

    [TestMethod]
    public void A_threshold_lies_between_two_scores_also_where_no_number_is_between_them()
    {
        var next = MathF.BitIncrement(0.5f);
        var found = AveragePrecision.Of([0.5f, next, 0.5f], [false, true, false]);
        Assert.AreEqual(next, found.Threshold);
        Assert.AreEqual(1.0, found.Value);
        // All are predicted: halfway to zero.
        Assert.AreEqual(0.25f, AveragePrecision.Of([0.5f, 0.7f], [true, true]).Threshold);
    }

    private static void AssertClose(double[] expected, IEnumerable<double> actual, double tolerance = 1e-12)
    {
        foreach (var (left, right) in expected.Zip(actual)) Assert.AreEqual(left, right, tolerance);
    }
}
