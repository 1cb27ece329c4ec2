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
    }
}
