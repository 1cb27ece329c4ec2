using Spectre.Console;

namespace ResNet.Cli;

/// <summary>Shows an evaluation, and the comparison of two, for people.</summary>
internal static class EvaluationWriter
{
    private const int MostMistakes = 5, MostConfusions = 5, MostChanged = 10;

    public static void Write(IAnsiConsole console, ModelEvaluation result)
    {
        var metrics = result.Metrics;
        var (lower, upper) = metrics.Top1Interval;
        console.WriteLine($"top-1 accuracy     {Percent(metrics.Top1)}  ({100 * lower:0.00} to {100 * upper:0.00})");
        if (metrics.Top5 is { } top5) console.WriteLine($"top-5 accuracy     {Percent(top5)}");
        console.WriteLine($"balanced accuracy  {Percent(result.BalancedAccuracy)}");
        console.WriteLine($"macro F1           {Percent(result.MacroF1)}");
        console.WriteLine($"log loss           {metrics.Loss,8:0.0000}");
        console.WriteLine($"calibration error  {Percent(result.ExpectedCalibrationError)}");
        console.WriteLine($"majority class     {Percent(metrics.MajorityShare)}  ({result.Labels[metrics.MajorityClass]})");
        console.WriteLine($"The range is the 95 % interval (Wilson) of a result on {metrics.Count:N0} images.");
        WriteClasses(console, result);
        WriteConfusions(console, result);
        WriteMistakes(console, result);
    }

    /// <summary>Writes what the second network changes.</summary>
    public static void Write(IAnsiConsole console, ModelEvaluation first, ModelEvaluation second, EvaluationComparison comparison)
    {
        console.WriteLine();
        console.WriteLine($"the other model    {Percent(second.Metrics.Top1)}  on {second.Metrics.Count:N0} images");
        console.WriteLine(
            $"Of {comparison.Count:N0} images {comparison.OnlyFirst} are correct only here and {comparison.OnlySecond} only there. " +
            $"Equally good models differ so much with a probability of {comparison.ChanceProbability:0.0000} (McNemar's test).");
        if (comparison.Changed.Count == 0) return;
        var table = CommandWork.CreateTable("Image", "Class", "Here", "There");
        foreach (var (here, there) in comparison.Changed.Take(MostChanged))
        {
            table.AddRow(
                new Text(here.Name),
                new Text(first.Labels[here.Label]),
                new Text(first.Labels[here.Predicted]),
                new Text(second.Labels[there.Predicted]));
        }

        console.Write(table);
        if (comparison.Changed.Count > MostChanged) console.WriteLine($"and {comparison.Changed.Count - MostChanged} more");
    }

    private static void WriteClasses(IAnsiConsole console, ModelEvaluation result)
    {
        var table = CommandWork.CreateTable("Class", "Images", "Precision", "Recall", "F1");
        foreach (var each in result.Metrics.PerClass().Where(each => each.Support + each.Predicted > 0))
        {
            table.AddRow(
                new Text(result.Labels[each.Class]),
                new Text($"{each.Support,6}"),
                new Text(Percent(each.Precision)),
                new Text(Percent(each.Recall)),
                new Text(Percent(each.F1)));
        }

        console.Write(table);
    }

    private static void WriteConfusions(IAnsiConsole console, ModelEvaluation result)
    {
        var confusions = result.Images
            .Where(image => !image.IsCorrect)
            .GroupBy(image => (image.Label, image.Predicted))
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key)
            .Take(MostConfusions)
            .ToList();
        if (confusions.Count == 0) return;
        var table = CommandWork.CreateTable("Class", "Taken for", "Images");
        foreach (var group in confusions)
        {
            table.AddRow(
                new Text(result.Labels[group.Key.Label]),
                new Text(result.Labels[group.Key.Predicted]),
                new Text($"{group.Count(),6}"));
        }

        console.Write(table);
    }

    private static void WriteMistakes(IAnsiConsole console, ModelEvaluation result)
    {
        var mistakes = result.Mistakes(MostMistakes);
        if (mistakes.Count == 0) return;
        var table = CommandWork.CreateTable("Most confident mistakes", "Class", "Predicted", "Probability");
        foreach (var image in mistakes)
        {
            table.AddRow(
                new Text(image.Name),
                new Text(result.Labels[image.Label]),
                new Text(result.Labels[image.Predicted]),
                new Text(Percent(image.Probability)));
        }

        console.Write(table);
    }

    private static string Percent(double? share) => share is { } value ? $"{100 * value,6:0.00} %" : "";
}
