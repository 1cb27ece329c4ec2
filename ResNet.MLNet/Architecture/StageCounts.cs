using System.Collections;

namespace ResNet.MLNet;

/// <summary>The number of blocks in each stage, equal by content.</summary>
internal sealed class StageCounts : IReadOnlyList<int>, IEquatable<StageCounts>
{
    /// <summary>The most blocks of a stage.</summary>
    public const int MostBlocks = 1000;

    private const int MostStages = 6;
    private readonly int[] _counts;

    /// <exception cref="ArgumentException">There are no such stages.</exception>
    public StageCounts(IReadOnlyList<int> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        _counts = [.. counts];
        if (_counts.Length is >= 1 and <= MostStages && Array.TrueForAll(_counts, count => count is >= 1 and <= MostBlocks)) return;
        throw new ArgumentException(
            $"A network has 1 to {MostStages} stages of 1 to {MostBlocks} blocks, not [{string.Join(", ", _counts)}].", nameof(counts));
    }

    public int Count => _counts.Length;

    public int this[int index] => _counts[index];

    public bool Equals(StageCounts? other) => other is not null && _counts.AsSpan().SequenceEqual(other._counts);

    public override bool Equals(object? obj) => Equals(obj as StageCounts);

    public override int GetHashCode() => _counts.Aggregate(0, HashCode.Combine);

    public IEnumerator<int> GetEnumerator() => _counts.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
