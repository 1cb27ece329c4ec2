using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ResNet.Tests;

/// <summary>
/// What uses what in a library: an arrow from each file to each type or member that it uses of another file of the library.
/// </summary>
internal sealed class Arrows
{
    public Arrows(LibraryCode code) => All = [.. code.Trees.SelectMany(tree => Of(code, tree)).Distinct()];

    /// <summary>All arrows, one for each file and symbol.</summary>
    public IReadOnlyList<Arrow> All { get; }

    /// <summary>The arrows between rooms, with where they go.</summary>
    public IEnumerable<(Arrow Arrow, Direction Direction)> Between(RoomOrder order) =>
        from arrow in All
        where arrow.FromRoom != arrow.ToRoom
        let direction = order.DirectionOf(arrow.FromRoom, arrow.ToRoom)
        where direction is not null
        select (arrow, direction.Value);

    /// <summary>The pairs of files of different rooms that use each other, directly or by way of others.</summary>
    public IReadOnlyList<string> Circles()
    {
        var uses = All.GroupBy(arrow => arrow.From).ToDictionary(files => files.Key, files => files.Select(arrow => arrow.To).ToHashSet());
        var reachable = uses.Keys.ToDictionary(file => file, Reachable);
        return [..
            from file in uses.Keys
            from other in reachable[file]
            where string.CompareOrdinal(file, other) < 0 && Arrow.RoomOf(file) != Arrow.RoomOf(other)
            where reachable.TryGetValue(other, out var back) && back.Contains(file)
            orderby file, other
            select $"{file} and {other}"];

        HashSet<string> Reachable(string file)
        {
            HashSet<string> seen = [];
            Stack<string> open = new([file]);
            while (open.TryPop(out var next))
                foreach (var used in uses.GetValueOrDefault(next, []))
                    if (seen.Add(used)) open.Push(used);
            return seen;
        }
    }

    private static IEnumerable<Arrow> Of(LibraryCode code, SyntaxTree tree)
    {
        var file = code.PathOf(tree)!;
        var model = code.Compilation.GetSemanticModel(tree);
        return
            from node in tree.GetRoot().DescendantNodes()
            from symbol in Symbols(model, node)
            from to in Files(code, symbol)
            where to != file
            select new Arrow(file, to, Describe(symbol));
    }

    /// <summary>The symbols that a name, an object creation, an operator, an index or a conversion means.</summary>
    private static IEnumerable<ISymbol> Symbols(SemanticModel model, SyntaxNode node)
    {
        if (node is not (ExpressionSyntax or ConstructorInitializerSyntax or AttributeSyntax)) yield break;
        if (node is LiteralExpressionSyntax or PredefinedTypeSyntax) yield break;
        var info = model.GetSymbolInfo(node);
        if (info.Symbol is { } symbol) yield return symbol;
        if (node is ExpressionSyntax expression && model.GetConversion(expression).MethodSymbol is { } conversion) yield return conversion;
    }

    private static IEnumerable<string> Files(LibraryCode code, ISymbol symbol)
    {
        if (symbol is not (INamedTypeSymbol or IMethodSymbol or IPropertySymbol or IFieldSymbol or IEventSymbol)) return [];
        return symbol.OriginalDefinition.Locations
            .Where(location => location.IsInSource)
            .Select(location => code.PathOf(location.SourceTree!))
            .OfType<string>()
            .Distinct();
    }

    private static string Describe(ISymbol symbol) =>
        symbol is INamedTypeSymbol || symbol.ContainingType is null ? symbol.Name : $"{symbol.ContainingType.Name}.{symbol.Name}";
}

/// <summary>A file uses a type or member that another file of the library declares.</summary>
internal sealed record Arrow(string From, string To, string Symbol)
{
    public string FromRoom => RoomOf(From);

    public string ToRoom => RoomOf(To);

    /// <summary>The room of a file: its first folder.</summary>
    public static string RoomOf(string path) => path.Split('/') is [var room, _, ..] ? room : RoomOrder.Root;

    public override string ToString() => $"{From} uses {Symbol} of {To}";
}
