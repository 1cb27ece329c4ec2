namespace ResNet.MLNet;

/// <summary>
/// A Python class or function that a pickle names. It is never looked up: <see cref="Unpickler"/>'s caller says what may be made of it.
/// </summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>A dictionary of a pickle, in its order. Keys may be of any kind.</summary>
internal sealed class PickleDictionary
{
    public List<(object? Key, object? Value)> Entries { get; } = [];
}
