using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>The weights are those that scikit-learn finds (LogisticRegression, C = 1 / (2 * penalty * rows), no intercept).</summary>
[TestClass]
public sealed class LogisticRegressionTests
{
    private const int Rows = 30, Width = 4, Classes = 3;

    private static readonly float[] Expected =
    [
        1.671986f, -0.763027f, -1.498913f, 0.587645f,
        -0.187154f, 1.484966f, -0.248443f, -1.480251f,
        -1.484832f, -0.721939f, 1.747356f, 0.892606f,
    ];

    private static readonly float[] ExpectedWithWeights =
    [
        2.001511f, -0.521454f, -1.452018f, 0.632896f,
        -0.540717f, 1.168443f, -0.074501f, -1.289414f,
        -1.460795f, -0.64699f, 1.52652f, 0.656518f,
    ];

    [TestMethod]
    public void The_minimum_is_scikit_learns() => AssertClose(Expected, Fit(classWeights: null, start: null));

    [TestMethod]
    public void Classes_count_as_their_weights_say() => AssertClose(ExpectedWithWeights, Fit(classWeights: [3, 1, 1], start: null));

    [TestMethod]
    public void It_does_not_matter_where_the_search_begins() => AssertClose(Expected, Fit(classWeights: null, start: ExpectedWithWeights));

    private static float[] Fit(float[]? classWeights, float[]? start)
    {
        using var scope = NewDisposeScope();
        var inputs = new float[Rows * Width];
        for (var i = 0; i < inputs.Length; i++)
        {
            var (row, column) = Math.DivRem(i, Width);
            inputs[i] = (float)Math.Sin(1 + row * 7 + column * 3) + (column == row % Classes ? 1 : 0);
        }

        var targets = tensor(Enumerable.Range(0, Rows).Select(row => (long)row % Classes).ToArray());
        var regression = new LogisticRegression(
            tensor(inputs, [Rows, Width]), targets, new(Classes, ClassWeights: classWeights is null ? null : tensor(classWeights)));
        var from = start is null ? null : tensor(start, [Classes, Width]).to(float64);
        return [.. regression.Fit(0.01, from, CancellationToken.None).to(float32).data<float>()];
    }

    /// <summary>The search ends when a step gains less than 1e-7, which is a hundredth of a weight at most here.</summary>
    private static void AssertClose(float[] expected, float[] actual)
    {
        for (var i = 0; i < expected.Length; i++) Assert.AreEqual(expected[i], actual[i], 0.01f, $"weight {i}");
    }
}
