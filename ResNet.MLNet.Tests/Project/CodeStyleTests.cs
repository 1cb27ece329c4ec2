namespace ResNet.Tests;

/// <summary>
/// What keeps the code readable: short lines, one statement a line, files of one concept, libraries that do not know the command line.
/// </summary>
[TestClass]
public sealed class CodeStyleTests
{
    private static readonly string[] Libraries = ["ResNet.MLNet/", "ResNet.MLNet.AspNetCore/", "ResNet.Training/"];

    /// <summary>The files that may be longer than the others, each with its reason.</summary>
    private static readonly Dictionary<string, string> LongFiles = new()
    {
        ["notebooks/inside-a-resnet.cs"] = "It is made of a notebook, whose text and cells it has to have.",
    };

    private static readonly Lazy<SourceFile[]> AllFiles = new(() => [.. Repository.CSharpFiles(Repository.Root)]);

    [TestMethod]
    public void No_line_is_longer_than_140_characters() => AssertNone(AllFiles.Value.SelectMany(CodeStyle.LongLines));

    [TestMethod]
    public void No_tuple_literal_assigns_three_values() => AssertNone(AllFiles.Value.SelectMany(CodeStyle.TupleAssignments));

    [TestMethod]
    public void No_conditional_expression_stands_in_another() => AssertNone(AllFiles.Value.SelectMany(CodeStyle.NestedConditionals));

    [TestMethod]
    public void A_string_has_one_conditional_expression_at_most() => AssertNone(AllFiles.Value.SelectMany(CodeStyle.ConditionalsInStrings));

    [TestMethod]
    public void A_library_names_no_options_of_the_command_line() =>
        AssertNone(AllFiles.Value.Where(IsOfLibrary).SelectMany(CodeStyle.CommandLineWords));

    [TestMethod]
    public void No_file_is_longer_than_300_lines_without_a_reason()
    {
        var tooLong = AllFiles.Value.Where(file => CodeStyle.LineCount(file) > CodeStyle.LongestFile).Select(file => file.Path).ToList();
        AssertNone(tooLong.Except(LongFiles.Keys));
        AssertNone(LongFiles.Keys.Except(tooLong).Select(path => $"{path} is no longer too long: remove it from the list"));
    }

    [TestMethod]
    public void The_rules_find_what_breaks_them()
    {
        var line = "// " + new string('x', 140);
        AssertFinds(CodeStyle.LongLines, line[..140] + "\n" + line[..141], "A.cs:2");
        Assert.AreEqual(2, CodeStyle.LineCount(new("A.cs", "// one\n// two\n")));
        AssertFinds(
            CodeStyle.TupleAssignments,
            "class A { void F()\n{\nvar (a, b, c) = (1, 2, 3);\n(a, b) = (b, a);\n(a, b, c) = (c, b, a);\n(a, b, c) = G();\n}\n"
            + "(int, int, int) G() => (1, 2, 3); }",
            "A.cs:3",
            "A.cs:5");
        AssertFinds(
            CodeStyle.NestedConditionals,
            "class A { int F(bool a, bool b) => a ? 1\n: b ? 2 : 3;\nint G(bool a) => a ? H(() => a ? 1 : 2) : 3; }",
            "A.cs:2");
        AssertFinds(
            CodeStyle.ConditionalsInStrings,
            "class A {\nstring F(bool a) => $\"{(a ? 1 : 2)} and {(a ? 3 : 4)}\";\nstring G(bool a) => $\"{(a ? 1 : 2)} and {a}\"; }",
            "A.cs:2");
        AssertFinds(
            CodeStyle.CommandLineWords,
            "class A {\nstring F = \"Use --batch 8.\";\n/// <summary>For <c>resnet train</c>.</summary>\nstring G = $\"{F} `resnet`\";\n"
            + "string H = \"--share: 1\";\nint resnet train; /* the ResNet command */ }",
            "A.cs:2: --batch",
            "A.cs:4: `resnet`",
            "A.cs:3: resnet train");
    }

    private static bool IsOfLibrary(SourceFile file) => Libraries.Any(library => file.Path.StartsWith(library, StringComparison.Ordinal));

    private static void AssertNone(IEnumerable<string> found) => Assert.AreEqual("", string.Join('\n', found));

    private static void AssertFinds(Func<SourceFile, IEnumerable<string>> rule, string text, params string[] expected) =>
        CollectionAssert.AreEqual(expected, rule(new("A.cs", text)).ToList());
}
