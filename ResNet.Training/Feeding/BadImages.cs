namespace ResNet.Training;

/// <summary>The images of a run that could not be read, with one message each. Used from many threads.</summary>
internal sealed class BadImages(BadTrainingImagePolicy policy)
{
    private readonly Lock _lock = new();
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly List<string> _all = [];
    private int _taken;
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

    /// <summary>All messages, those that were taken included.</summary>
    public IReadOnlyList<string> Messages
    {
        get
        {
            lock (_lock) return [.. _all];
        }
    }

    /// <summary>The messages that were not taken yet.</summary>
    public IReadOnlyList<string> TakeMessages()
    {
        lock (_lock)
        {
            string[] messages = [.. _all.Skip(_taken)];
            _taken = _all.Count;
            return messages;
        }
    }

    public void ThrowIfNoneWasRead(bool anyWasRead)
    {
        if (anyWasRead) return;
        throw new InvalidDataException($"Not one of the images could be read. The first problem: {_first?.Message}", _first);
    }
}
