namespace ResNet.MLNet;

/// <summary>
/// A Python class or function that a pickle names. It is never looked up: <see cref="Unpickler"/>'s caller says what may be made of it.
/// </summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>A dictionary of a pickle, in its order. Keys may be of any kind.</summary>
internal class PickleDictionary
{
    public List<(object? Key, object? Value)> Entries { get; } = [];
}

/// <summary>
/// What a pickle would make by running something: a placeholder that holds what it would be made of, and does nothing. Its entries are
/// those of a class that is a dictionary.
/// </summary>
/// <param name="maker">The class or function that would make it.</param>
internal sealed class PickleObject(string maker) : PickleDictionary
{
    /// <summary>The class or function that would make it.</summary>
    public string Maker { get; } = maker;

    /// <summary>Arguments, state and items.</summary>
    public List<object?> Parts { get; } = [];
}
