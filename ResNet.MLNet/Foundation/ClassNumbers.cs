namespace ResNet.MLNet;

/// <summary>
/// The numbers of classes by their names, which are compared character by character. Of equal names the first one counts.
/// </summary>
internal sealed class ClassNumbers
{
    private readonly IReadOnlyList<string> _names;
    private readonly Dictionary<string, int> _numbers;

    /// <param name="names">The names of the classes, in the order of their numbers.</param>
    public ClassNumbers(IReadOnlyList<string> names)
    {
        _names = names;
        _numbers = new(names.Count, StringComparer.Ordinal);
        for (var number = 0; number < names.Count; number++) _numbers.TryAdd(names[number], number);
    }

    /// <summary>The number of a class; null if it is not one of the classes.</summary>
    public int? Find(string name) => _numbers.TryGetValue(name, out var number) ? number : null;

    /// <summary>The numbers of classes, in the order of their names.</summary>
    /// <param name="names">The names of the classes.</param>
    /// <param name="where">Where the names were found, to begin a message with.</param>
    /// <exception cref="InvalidDataException">Some are not among the classes; the message names them.</exception>
    public int[] GetAll(IReadOnlyCollection<string> names, string where)
    {
        string[] unknown = [.. names.Where(name => Find(name) is null).Distinct()];
        return unknown.Length > 0 ? throw Unknown(where, unknown) : [.. names.Select(name => _numbers[name])];
    }

    /// <summary>An exception that says that there are no such classes.</summary>
    /// <param name="where">Where the names were found, to begin the message with.</param>
    /// <param name="names">The names that are not among the classes.</param>
    public InvalidDataException Unknown(string where, params IReadOnlyList<string> names)
    {
        var classes = Plural.Choose(names.Count, "the class", "the classes");
        var are = Plural.Choose(names.Count, "is", "are");
        var list = string.Join(", ", names.Select(name => $"'{name}'"));
        return new($"{where}: {classes} {list} {are} not among those to train on: {string.Join(", ", _names)}.");
    }
}
