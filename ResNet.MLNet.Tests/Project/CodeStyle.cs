using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace ResNet.Tests;

/// <summary>What no C# file may do. Each rule gives the places that break it, as "file:line".</summary>
internal static partial class CodeStyle
{
    /// <summary>As .editorconfig says, which no compiler enforces.</summary>
    public const int LongestLine = 140;

    /// <summary>More is more than one concept.</summary>
    public const int LongestFile = 300;

    public static IEnumerable<string> LongLines(SourceFile file) =>
        from line in SourceText.From(file.Text).Lines
        where line.End - line.Start > LongestLine
        select $"{file.Path}:{line.LineNumber + 1}";

    public static int LineCount(SourceFile file) => file.Text.AsSpan().Count('\n');

    /// <summary><c>(a, b, c) = (1, 2, 3)</c> and <c>var (a, b, c) = (1, 2, 3)</c>: three lines or a type say it better.</summary>
    public static IEnumerable<string> TupleAssignments(SourceFile file) =>
        from assignment in Nodes<AssignmentExpressionSyntax>(file)
        where assignment.Left is TupleExpressionSyntax or DeclarationExpressionSyntax
        where assignment.Right is TupleExpressionSyntax { Arguments.Count: >= 3 }
        select Place(file, assignment);

    /// <summary>A conditional expression inside another one.</summary>
    public static IEnumerable<string> NestedConditionals(SourceFile file) =>
        from conditional in Nodes<ConditionalExpressionSyntax>(file)
        where SameExpression(conditional).OfType<ConditionalExpressionSyntax>().Any()
        select Place(file, conditional);

    /// <summary>More than one conditional expression inside one interpolated string.</summary>
    public static IEnumerable<string> ConditionalsInStrings(SourceFile file) =>
        from text in Nodes<InterpolatedStringExpressionSyntax>(file)
        where text.DescendantNodes().OfType<ConditionalExpressionSyntax>().Count() > 1
        select Place(file, text);

    /// <summary>Options and commands of the command line in strings and comments. A library does not know who calls it.</summary>
    public static IEnumerable<string> CommandLineWords(SourceFile file)
    {
        var root = Root(file);
        var strings = root.DescendantTokens()
            .Where(token => !token.IsKind(SyntaxKind.IdentifierToken))
            .Select(token => (token.Text, token.Span));
        var comments = root.DescendantTrivia().Select(comment => (Text: comment.ToFullString(), Span: comment.FullSpan));
        return
            from text in strings.Concat(comments)
            from word in CommandLineWord().Matches(text.Text)
            select $"{Place(file, root.SyntaxTree, new(text.Span.Start + word.Index, word.Length))}: {word.Value}";
    }

    /// <summary>What surrounds an expression, up to the statement or function that it belongs to.</summary>
    private static IEnumerable<SyntaxNode> SameExpression(SyntaxNode node) =>
        node.Ancestors().TakeWhile(outer => outer is not (StatementSyntax or AnonymousFunctionExpressionSyntax or MemberDeclarationSyntax));

    private static IEnumerable<T> Nodes<T>(SourceFile file)
        where T : SyntaxNode => Root(file).DescendantNodes().OfType<T>();

    private static SyntaxNode Root(SourceFile file) => CSharpSyntaxTree.ParseText(file.Text, new(LanguageVersion.Latest)).GetRoot();

    private static string Place(SourceFile file, SyntaxNode node) => Place(file, node.SyntaxTree, node.Span);

    private static string Place(SourceFile file, SyntaxTree tree, TextSpan span) =>
        $"{file.Path}:{tree.GetLineSpan(span).StartLinePosition.Line + 1}";

    /// <summary>An option (a property of a style sheet, which a colon ends, is none), or the command with its first argument.</summary>
    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z-]*(?![\w:-])|(?<![\w.-])resnet [a-z][a-z-]+|`resnet`")]
    private static partial Regex CommandLineWord();
}
