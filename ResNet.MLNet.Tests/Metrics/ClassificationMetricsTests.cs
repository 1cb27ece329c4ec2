namespace ResNet.Tests;

[TestClass]
public sealed class ClassificationMetricsTests
{
    [TestMethod]
    public void The_figures_of_a_class_are_those_counted_by_hand()
    {
        // Rows are true classes. Class 2 is never predicted, class 3 does not occur, class 4 neither.
        int[,] confusion =
        {
            { 4, 1, 0, 0, 0 },
            { 2, 3, 0, 1, 0 },
            { 1, 0, 0, 0, 0 },
            { 0, 0, 0, 0, 0 },
            { 0, 0, 0, 0, 0 },
        };
        var metrics = new ClassificationMetrics(12, 0, 0, 0, confusion);
        var classes = metrics.PerClass();
        CollectionAssert.AreEqual(new[] { 5, 6, 1, 0, 0 }, classes.Select(each => each.Support).ToArray());
        CollectionAssert.AreEqual(new[] { 7, 4, 0, 1, 0 }, classes.Select(each => each.Predicted).ToArray());
        CollectionAssert.AreEqual(new double?[] { 4 / 7.0, 3 / 4.0, null, 0, null }, classes.Select(each => each.Precision).ToArray());
        CollectionAssert.AreEqual(new double?[] { 4 / 5.0, 3 / 6.0, 0, null, null }, classes.Select(each => each.Recall).ToArray());
        CollectionAssert.AreEqual(new double?[] { 8 / 12.0, 6 / 10.0, 0, 0, null }, classes.Select(each => each.F1).ToArray());
        // F1 is the harmonic mean of the two.
        Assert.AreEqual(2 / (1 / classes[0].Precision!.Value + 1 / classes[0].Recall!.Value), classes[0].F1!.Value, 1e-12);
        Assert.AreEqual(1, metrics.MajorityClass);
        Assert.AreEqual(0.5, metrics.MajorityShare);
    }

    /// <summary>Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.</summary>
    [TestMethod]
    [DataRow(81, 263, 0.2553, 0.3662)]
    [DataRow(15, 148, 0.0624, 0.1605)]
    [DataRow(0, 20, 0.0000, 0.1611)]
    [DataRow(1, 29, 0.0061, 0.1718)]
    public void The_interval_is_Wilsons(int correct, int count, double lower, double upper)
    {
        var interval = Binary(correct, count).Top1Interval;
        Assert.AreEqual(lower, interval.Lower, 0.00005);
        Assert.AreEqual(upper, interval.Upper, 0.00005);
        var mirrored = Binary(count - correct, count).Top1Interval;
        Assert.AreEqual(1 - upper, mirrored.Lower, 0.00005);
    }

    [TestMethod]
    public void A_network_is_above_the_majority_if_all_of_its_interval_is()
    {
        // 60 of 100 images are of class 0.
        Assert.IsFalse(Of(0.60).IsAboveMajority);
        Assert.IsFalse(Of(0.68).IsAboveMajority);
        Assert.IsTrue(Of(0.72).IsAboveMajority);
        var none = new ClassificationMetrics(0, 0, 0, null, new int[2, 2]);
        Assert.AreEqual((0.0, 1.0), none.Top1Interval);
        Assert.AreEqual(0, none.MajorityShare);
        Assert.IsFalse(none.IsAboveMajority);

        static ClassificationMetrics Of(double top1) => new(100, 0, top1, null, new[,] { { 60, 0 }, { 0, 40 } });
    }

    private static ClassificationMetrics Binary(int correct, int count) =>
        new(count, 0, (double)correct / count, null, new[,] { { correct, count - correct }, { 0, 0 } });
}
