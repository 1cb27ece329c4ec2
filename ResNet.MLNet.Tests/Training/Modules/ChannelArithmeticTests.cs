namespace ResNet.Tests;

/// <summary>What batch norm computes for one channel from its sums.</summary>
[TestClass]
public sealed class ChannelArithmeticTests
{
    private static readonly double[] Values = [1000.5, 1001, 1001.5, 1003];

    [TestMethod]
    [DataRow(1000.5f)]
    [DataRow(1003f)]
    [DataRow(0f)]
    public void Mean_and_variance_do_not_depend_on_the_center_that_the_sums_are_taken_from(float center)
    {
        var statistics = ChannelStatistics.Of(center, Values.Sum(value => value - center), SquaresFrom(center), Values.Length, epsilon: 0);
        Assert.AreEqual(1001.5f, statistics.Mean);
        Assert.AreEqual(0.875, statistics.Variance, 1e-9);
        Assert.AreEqual(1 / Math.Sqrt(0.875), statistics.Inverse, 1e-6);
    }

    [TestMethod]
    public void A_gradient_of_the_input_sums_to_zero_and_is_orthogonal_to_the_input()
    {
        double[] gradient = [0.3, -1, 0.25, 2];
        var sum = Values.Sum(value => value - 1000.5);
        var statistics = ChannelStatistics.Of(1000.5f, sum, SquaresFrom(1000.5f), Values.Length, epsilon: 0);
        var products = gradient.Zip(Values, (change, value) => change * (value - statistics.Mean)).Sum();
        var found = ChannelGradients.Of(gradient.Sum(), products, weight: 2, statistics.Mean, statistics.Inverse, Values.Length);
        Assert.AreEqual(gradient.Sum(), found.Bias, 1e-6);
        Assert.AreEqual(products / Math.Sqrt(0.875), found.Weight, 1e-5);
        var ofInput = gradient.Zip(Values, (change, value) => change * found.Factor + value * found.InputFactor + found.Offset).ToList();
        Assert.AreEqual(0, ofInput.Sum(), 1e-3);
        Assert.AreEqual(0, ofInput.Zip(Values, (change, value) => change * (value - statistics.Mean)).Sum(), 1e-3);
    }

    private static double SquaresFrom(float center) => Values.Sum(value => (value - center) * (value - center));
}
