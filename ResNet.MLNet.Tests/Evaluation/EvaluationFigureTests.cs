namespace ResNet.Tests;

/// <summary>The figures of an evaluation are those of scikit-learn 1.2 and SciPy 1.10 for the same probabilities.</summary>
[TestClass]
public sealed class EvaluationFigureTests
{
    private const int Count = 200, Classes = 7;

    [TestMethod]
    public void The_figures_are_those_of_scikit_learn()
    {
        var evaluation = Evaluation();
        Assert.AreEqual(0.41, evaluation.Metrics.Top1, 1e-12);
        Assert.AreEqual(0.93, evaluation.Metrics.Top5!.Value, 1e-12);
        Assert.AreEqual(0.3934463023229716, evaluation.BalancedAccuracy, 1e-12);
        Assert.AreEqual(0.1468707482993197, evaluation.MacroF1, 1e-12);
        Assert.AreEqual(1.6530610619469337, evaluation.Metrics.Loss, 1e-6);
        Assert.AreEqual(0.1970867961645126, evaluation.ExpectedCalibrationError, 1e-6);
    }

    [TestMethod]
    [DataRow(10, 3, 0.09228515625)]
    [DataRow(0, 0, 1)]
    [DataRow(0, 5, 0.0625)]
    [DataRow(7, 7, 1)]
    [DataRow(120, 80, 0.005685155996750306)]
    [DataRow(1500, 1400, 0.06598734966518464)]
    public void The_probability_of_chance_is_that_of_the_exact_test(int onlyFirst, int onlySecond, double expected)
    {
        var comparison = EvaluationComparison.Of(
            Of(onlyFirst + onlySecond + 1, index => index < onlyFirst || index == onlyFirst + onlySecond),
            Of(onlyFirst + onlySecond + 1, index => index >= onlyFirst));
        Assert.AreEqual((onlyFirst, onlySecond), (comparison.OnlyFirst, comparison.OnlySecond));
        Assert.AreEqual(expected, comparison.ChanceProbability, 1e-9);
    }

    [TestMethod]
    public void Evaluations_of_different_images_cannot_be_compared()
    {
        var other = ModelEvaluation.Of([new(0, "other.jpg", 0, 0, 1, 1, 0)], ["a"], [], []);
        Assert.ThrowsExactly<ArgumentException>(() => EvaluationComparison.Of(Of(1, _ => true), other));
    }

    [TestMethod]
    public void A_table_quotes_its_fields_and_has_no_formulas()
    {
        var evaluation = ModelEvaluation.Of([new(0, "a, \"b\".jpg", 0, 1, 0.5f, 0.25f, 1)], ["=cmd", "b"], [], []);
        Assert.AreEqual("\"a, \"\"b\"\".jpg\",'=cmd,b,0.5,0.25,1", evaluation.ToCsv().Split('\n')[1]);
    }

    private static ModelEvaluation Of(int count, Predicate<int> isCorrect)
    {
        var images = Enumerable.Range(0, count).Select(i => new EvaluatedImage(i, $"{i}.jpg", 0, isCorrect(i) ? 0 : 1, 0.6f, 0.5f, 0));
        return ModelEvaluation.Of([.. images], ["a", "b"], [], []);
    }

    private static ModelEvaluation Evaluation()
    {
        List<EvaluatedImage> images = [];
        for (var i = 0; i < Count; i++)
        {
            var label = (i * i + 3 * i) % 6;
            var scores = Enumerable.Range(0, Classes).Select(c => (i * 37 + c * 11) % 101 / 25.0).ToArray();
            if (i % 4 > 0) scores[label] += 1.5;
            var sum = scores.Sum(Math.Exp);
            float[] probabilities = [.. scores.Select(score => (float)(Math.Exp(score) / sum))];
            var predicted = Array.IndexOf(probabilities, probabilities.Max());
            var rank = probabilities.Count(other => other > probabilities[label]);
            images.Add(new(i, $"{i}.jpg", label, predicted, probabilities[predicted], probabilities[label], rank));
        }

        return ModelEvaluation.Of(images, [.. Enumerable.Range(0, Classes).Select(c => $"class {c}")], [], []);
    }
}
