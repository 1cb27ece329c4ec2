namespace ResNet.Training;

/// <summary>What becomes of a training run when an image cannot be read.</summary>
public enum BadTrainingImagePolicy
{
    /// <summary>The image is named in the progress and left out.</summary>
    Skip,

    /// <summary>The run ends with an <see cref="InvalidImageException"/> that names the image.</summary>
    Throw,
}

/// <summary>The images of a run that could not be read, each told once. Used from many threads.</summary>
internal sealed class BadImages(BadTrainingImagePolicy policy)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<string> _all = [];
    private int _told;
    private InvalidImageException? _first;

    /// <summary>Notes an image.</summary>
    /// <exception cref="InvalidImageException">The policy is to throw.</exception>
    public void Add(InvalidImageException problem)
    {
        if (policy == BadTrainingImagePolicy.Throw) throw problem;
        lock (_lock)
        {
            _first ??= problem;
            if (_known.Add(problem.Message)) _all.Add($"Left out: {problem.Message}");
        }
    }

    /// <summary>All that was told or has to be.</summary>
    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_lock) return [.. _all];
        }
    }

    /// <summary>What nobody was told yet.</summary>
    public IReadOnlyList<string> TakeMessages()
    {
        lock (_lock)
        {
            string[] messages = [.. _all.Skip(_told)];
            _told = _all.Count;
            return messages;
        }
    }

    public void ThrowIfNoneWasRead(bool anyWasRead)
    {
        if (!anyWasRead) throw new InvalidDataException($"Not one of the images could be read. The first problem: {_first?.Message}", _first);
    }
}
