namespace ResNet.MLNet;

/// <summary>What is odd about the classes of data, wherever it comes from.</summary>
internal static class ClassRemarks
{
    private const int NamesShown = 10;

    /// <summary>
    /// Classes that are likely one, since their names differ only in case or in spaces around them, or that are likely parts of a split.
    /// </summary>
    public static IEnumerable<string> OnNames(IReadOnlyList<string> labels)
    {
        string[] names = [.. labels.Distinct(StringComparer.Ordinal)];
        var alike = names.GroupBy(label => label.Trim().ToUpperInvariant(), StringComparer.Ordinal).Where(group => group.Skip(1).Any());
        foreach (var group in alike)
            yield return $"The classes {List([.. group])} differ only in case or spaces, and count as different ones.";
        if (names.Length > 1 && Array.TrueForAll(names, label => SplitNames.Find(label.Trim()) is not null))
            yield return $"All classes are called as the parts of a split are: {List(names)}. Are they the labels?";
    }

    /// <summary>Classes that cannot be learned.</summary>
    /// <param name="training">The images to train on.</param>
    /// <param name="validation">Those to validate with, with the same classes.</param>
    /// <param name="known">The classes that the network knows already.</param>
    public static IEnumerable<string> OnImages(ImageDataset training, ImageDataset validation, IReadOnlyCollection<string> known)
    {
        if (training.Labels.Count != validation.Labels.Count) return [];
        var (taught, asked) = (training.ClassCounts, validation.ClassCounts);
        var untaught = training.Labels.Where((_, label) => taught[label] == 0 && asked[label] > 0);
        string[] missing = [.. untaught.Except(known)];
        if (missing.Length == 0) return [];
        var classes = Plural.Choose(missing.Length, "the class", "the classes");
        return [$"Only validation images are of {classes} {List(missing)}: no training image is, so the network cannot learn it."];
    }

    private static string List(string[] names) =>
        string.Join(", ", names.Take(NamesShown).Select(name => $"'{name}'")) + (names.Length > NamesShown ? ", ..." : "");
}
