namespace ResNet.Tests;

/// <summary>The best classes come first, and equal ones in the order of their indices.</summary>
[TestClass]
public sealed class ScoresTests
{
    [TestMethod]
    public void The_first_of_equal_scores_is_the_best()
    {
        Assert.AreEqual(1, Scores.ArgMax([0.1f, 0.4f, 0.1f, 0.4f]));
        CollectionAssert.AreEqual(new[] { 1, 3, 0 }, Scores.TopK([0.1f, 0.4f, 0.1f, 0.4f], 3));
    }

    [TestMethod]
    public void Where_fewer_scores_are_than_wanted_all_are_given() =>
        CollectionAssert.AreEqual(new[] { 1, 0 }, Scores.TopK([-2, -1], 5));
}
