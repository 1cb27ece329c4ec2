namespace ResNet.MLNet;

/// <summary>The classes of a dataset's images: one each, or any number each.</summary>
internal sealed class ImageLabels
{
    private readonly int[] _numbers;

    // Where the numbers of each image start, and behind the last one the end; null for one number each.
    private readonly int[]? _starts;

    private ImageLabels(int[] numbers, int[]? starts) => (_numbers, _starts) = (numbers, starts);

    /// <summary>Whether an image may have several classes, or none.</summary>
    public bool IsMultiLabel => _starts is not null;

    /// <summary>One class an image.</summary>
    public static ImageLabels One(int[] numbers) => new(numbers, null);

    /// <summary>Any number of classes an image.</summary>
    public static ImageLabels Several(IReadOnlyCollection<int[]> sets)
    {
        var starts = new int[sets.Count + 1];
        foreach (var (index, set) in sets.Index()) starts[index + 1] = starts[index] + set.Length;
        return new([.. sets.SelectMany(set => set.Order())], starts);
    }

    /// <summary>The class of an image that has one.</summary>
    public int Of(int index) => _starts is null ? _numbers[index] : throw HasSeveral();

    /// <summary>The classes of an image, in ascending order.</summary>
    public IReadOnlyList<int> AllOf(int index) =>
        _starts is null ? [_numbers[index]] : new ArraySegment<int>(_numbers, _starts[index], _starts[index + 1] - _starts[index]);

    /// <summary>The labels in a text: what stands between separators, without spaces around it; each once.</summary>
    /// <param name="text">The text; empty for an image without labels.</param>
    /// <param name="separators">The letters that separate labels.</param>
    public static string[] Split(string text, string separators) =>
        [.. text.Split(separators.ToCharArray(), StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];

    /// <summary>Checks what a user gave as separators.</summary>
    /// <exception cref="ArgumentException">There are none, or letters and digits, of which labels are made, are among them.</exception>
    public static void CheckSeparators(string separators)
    {
        ArgumentException.ThrowIfNullOrEmpty(separators);
        if (separators.Any(char.IsLetterOrDigit))
            throw new ArgumentException($"Labels have letters and digits, so '{separators}' cannot separate them: give signs, as ;|.");
    }

    private static InvalidOperationException HasSeveral() =>
        new($"These images have any number of classes each: call {nameof(ImageDataset.LabelsOf)}.");
}
