namespace ResNet.MLNet;

/// <summary>A file of weights that is open, so that the numbers of its tensors can be read.</summary>
/// <param name="Sets">The tensors.</param>
/// <param name="Metadata">The text entries beside them; a PyTorch checkpoint has none.</param>
/// <param name="WithoutNetwork">Why it has no network, if there turns out to be none among the tensors; null: the names say so.</param>
/// <param name="Files">The files that it was read from.</param>
/// <param name="Open">What must stay open.</param>
internal sealed record OpenedWeights(
    IReadOnlyList<TensorSet> Sets,
    IReadOnlyDictionary<string, string> Metadata,
    string? WithoutNetwork,
    IReadOnlyList<string> Files,
    params IReadOnlyList<IDisposable> Open) : IDisposable
{
    /// <summary>The metadata of a file that has none.</summary>
    public static readonly IReadOnlyDictionary<string, string> NoMetadata = new Dictionary<string, string>();

    public void Dispose()
    {
        foreach (var each in Open) each.Dispose();
    }
}
