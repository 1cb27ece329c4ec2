using System.Text.RegularExpressions;

namespace ResNet.Tests;

/// <summary>
/// The order of a library's rooms, from the bottom up, as docs/architecture.md writes it:
/// <c>Library: Lowest &lt; Left, Right &lt; Higher &lt; (root: Type, Type)</c>. Rooms of one rank may not use each other.
/// </summary>
internal sealed partial class RoomOrder
{
    /// <summary>The name of the files that lie in no room.</summary>
    public const string Root = "(root)";

    private readonly Dictionary<string, int> _ranks = [];

    /// <param name="ranks">The ranks with their names, such as "A &lt; B, C &lt; (root: D)".</param>
    public RoomOrder(string ranks)
    {
        var rank = 0;
        foreach (var names in ranks.Split('<', StringSplitOptions.TrimEntries))
        {
            if (RootNames().Match(names) is { Success: true } root)
            {
                _ranks.Add(Root, rank);
                RootTypes = Names(root.Groups[1].Value);
            }
            else foreach (var name in Names(names)) _ranks.Add(name, rank);

            rank++;
        }
    }

    /// <summary>The types that may lie at the library's root.</summary>
    public IReadOnlyList<string> RootTypes { get; } = [];

    /// <summary>The rooms, without the root.</summary>
    public IEnumerable<string> Rooms => _ranks.Keys.Where(name => name != Root);

    /// <summary>The order of a library, from the indented blocks of a page. Lines that go on begin with more space.</summary>
    public static RoomOrder Parse(string page, string library)
    {
        var lines = page.ReplaceLineEndings("\n").Split('\n').ToList();
        var first = lines.FindIndex(line => line.TrimStart().StartsWith(library + ":", StringComparison.Ordinal));
        Assert.IsGreaterThanOrEqualTo(0, first, $"The page has no line '{library}: room < room < ...'.");
        var rest = lines.Skip(first + 1).TakeWhile(line => line.TrimStart().StartsWith('<'));
        return new(string.Join(' ', rest.Prepend(lines[first].Split(':', 2)[1])));
    }

    /// <summary>Which way an arrow goes; null if one of the rooms is not in the order.</summary>
    public Direction? DirectionOf(string from, string to)
    {
        if (!_ranks.TryGetValue(from, out var user) || !_ranks.TryGetValue(to, out var used)) return null;
        if (user == used) return Direction.Sideways;
        return user > used ? Direction.Down : Direction.Up;
    }

    private static string[] Names(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    [GeneratedRegex(@"^\(root: *(.*)\)$")]
    private static partial Regex RootNames();
}

/// <summary>Where the used room lies in the order.</summary>
internal enum Direction
{
    /// <summary>Before the room that uses it, as it must.</summary>
    Down,

    /// <summary>In the same rank.</summary>
    Sideways,

    /// <summary>After the room that uses it.</summary>
    Up,
}
