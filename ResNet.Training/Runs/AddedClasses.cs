using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Classes that are added to those of a trained network: its layers and its rows of the classifier stay as they are, new rows are fitted
/// to features.
/// </summary>
internal static class AddedClasses
{
    /// <summary>The data with the network's classes first, then its own new ones.</summary>
    /// <exception cref="ArgumentException">There is nothing to add to, or nothing to add.</exception>
    public static TrainingData Add(StartingPoint? start, TrainingData data)
    {
        if (start is null) throw new ArgumentException("To add classes, a run needs a trained network to start from.");
        if (data.Training.IsMultiLabel || start.ScoreFunction == ScoreFunction.Sigmoid)
            throw new ArgumentException("Classes can be added where an image has one class, not where it may have several labels.");
        if (start.Labels is not { } old || start.Architecture.Classifier is null)
        {
            throw new ArgumentException(
                $"'{start.Name}' does not name its classes, so none can be added to them. Give it names when it is imported.");
        }

        string[] added = [.. data.Training.Labels.Except(old)];
        if (added.Length > 0) return data.Among(old, added);
        throw new ArgumentException(
            $"'{start.Name}' has all classes of the data already ({Some(data.Training.Labels)}), so none is added.");
    }

    /// <summary>Checks what cannot be done while classes are added.</summary>
    public static void Check(TrainingRecipe recipe)
    {
        if (recipe.Epochs > 0)
        {
            throw new ArgumentException(
                $"While classes are added, only the head is trained, so {nameof(recipe.Epochs)} must be 0: other layers would forget the " +
                "old classes. To train all of the network, give images of all classes and add none.");
        }

        if (recipe.Loss != LossFunction.CrossEntropy || recipe.LogitAdjustment > 0)
        {
            throw new ArgumentException(
                "Classes are added with cross-entropy and without logit adjustment, since the scores of the old ones stay as they are.");
        }
    }

    /// <summary>The classifier's part that stays.</summary>
    public static KnownClasses Known(StartingPoint start, Device device)
    {
        var name = start.Architecture.Classifier!.Name;
        var (weights, bias) = (start.Weights[$"{name}.weight"], start.Weights[$"{name}.bias"]);
        return new(
            tensor(weights.Values, [start.Architecture.Classes, start.Architecture.FeatureCount], device: device),
            tensor(bias.Values, device: device));
    }

    /// <summary>The features with the mean of each old class that has no images.</summary>
    /// <exception cref="ArgumentException">Such a mean is not known; the message names the class.</exception>
    public static HeadFeatures WithMeans(StartingPoint start, HeadFeatures features, IReadOnlyList<string> labels)
    {
        HashSet<long> present = [.. features.ClassNumbers()];
        int[] missing = [.. Enumerable.Range(0, start.Labels!.Count).Where(number => !present.Contains(number))];
        if (missing.Length == 0) return features;
        var means = MeansOf(start);
        List<float> rows = [];
        var length = (float)features.MeanNorm();
        foreach (var number in missing)
        {
            var mean = means is null ? [] : means.Of(number);
            if (mean.IsEmpty)
            {
                throw new ArgumentException(
                    $"There are no images of '{labels[number]}', and '{start.Name}' does not remember what they are like (model files " +
                    "that this version trains do). Add some images of each old class to the data, ten or more.");
            }

            foreach (var value in mean) rows.Add(length * value);
        }

        var (width, device) = (features.Features.shape[1], features.Features.device);
        return new(
            cat([features.Features, tensor(rows.ToArray(), [missing.Length, width], device: device)]),
            cat([features.Targets, tensor(Array.ConvertAll(missing, number => (long)number), device: device)]),
            [.. features.Images, .. missing.Select(number => -1 - number)],
            [.. features.Views, .. missing.Select(_ => HeadFeatures.Center)]);
    }

    /// <summary>[classes] weights with which all classes that have rows count alike.</summary>
    public static Tensor Balance(HeadFeatures features, int classes)
    {
        using var scope = NewDisposeScope();
        var counts = features.Targets.bincount(null, classes).to(float32).clamp_min_(Scalars.One);
        return counts.reciprocal_().MoveToOuterDisposeScope();
    }

    /// <summary>What a network remembers of its classes; null for nothing.</summary>
    public static ClassMeans? MeansOf(StartingPoint start) => start.ClassMeans is { } text
        ? ClassMeans.Parse(text, start.Architecture.FeatureCount, start.Architecture.Classes)
        : null;

    private static string Some(IReadOnlyList<string> labels) =>
        labels.Count <= 5 ? string.Join(", ", labels) : $"{string.Join(", ", labels.Take(5))}, ...";
}
