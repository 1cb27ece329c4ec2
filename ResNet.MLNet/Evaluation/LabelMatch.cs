namespace ResNet.MLNet;

/// <summary>Which class of a network each class of a data set is. Classes are matched by name, whatever their order.</summary>
internal sealed class LabelMatch
{
    private const int MostNamed = 5;

    private readonly int?[] _numbers;

    /// <param name="model">The network.</param>
    /// <param name="images">The images.</param>
    /// <exception cref="InvalidDataException">They have no class in common, or nothing says which is which.</exception>
    public LabelMatch(ResNetModel model, ImageDataset images)
    {
        List<string> notes = [];
        if (model.Labels is { } labels)
        {
            _numbers = ByName(labels, images, notes);
        }
        else
        {
            if (images.Labels.Count != model.ClassCount)
            {
                throw new InvalidDataException(
                    $"The model does not name its {model.ClassCount} classes, and the data has {images.Labels.Count}, so it is not known " +
                    "which is which.");
            }

            _numbers = [.. Enumerable.Range(0, images.Labels.Count).Select(number => (int?)number)];
            notes.Add("The model does not name its classes; those of the data are taken for them, in their order.");
        }

        Notes = notes;
    }

    /// <summary>What the user should know: the classes that one side lacks.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The network's number of a class of the data; null if the network does not know it.</summary>
    public int? NumberOf(int label) => _numbers[label];

    private static int?[] ByName(IReadOnlyList<string> labels, ImageDataset images, List<string> notes)
    {
        Dictionary<string, int> numbers = new(StringComparer.Ordinal);
        for (var number = 0; number < labels.Count; number++)
        {
            if (!numbers.TryAdd(labels[number], number))
                throw new InvalidDataException($"Two classes of the model are called '{labels[number]}': names do not tell them apart.");
        }

        var counts = images.ClassCounts;
        var found = images.Labels.Select(label => numbers.TryGetValue(label, out var number) ? number : (int?)null).ToArray();
        if (Array.TrueForAll(found, number => number is null))
        {
            throw new InvalidDataException(
                $"The model and the data have no class in common. The model's are {Named(labels)}; the data's {Named(images.Labels)}.");
        }

        var unknown = Enumerable.Range(0, found.Length).Where(label => found[label] is null && counts[label] > 0).ToList();
        if (unknown.Count > 0)
        {
            var left = Plural.Of(unknown.Sum(label => counts[label]), "image is", "images are");
            notes.Add($"The model does not know {Named([.. unknown.Select(label => images.Labels[label])])}: {left} left out.");
        }

        var present = Enumerable.Range(0, found.Length).Where(label => counts[label] > 0).Select(label => found[label]).ToHashSet();
        var missing = labels.Where((_, number) => !present.Contains(number)).ToList();
        if (missing.Count > 0) notes.Add($"The data has no images of {Named(missing)}.");
        return found;
    }

    private static string Named(IReadOnlyList<string> labels)
    {
        var named = string.Join(", ", labels.Take(MostNamed).Select(label => $"'{label}'"));
        return labels.Count <= MostNamed ? named : $"{named} and {labels.Count - MostNamed} more";
    }
}
