using System.Xml.Linq;

namespace ResNet.Tests;

/// <summary>
/// The libraries are what docs/architecture.md says: a room (a folder) uses only rooms before it in the order that the page gives.
/// The compiler says what uses what, so that a comment proves nothing and a <c>var</c> hides nothing.
/// </summary>
[TestClass]
public sealed class ArchitectureTests
{
    private static readonly Lazy<LibraryCode> MLNet = new(() => LibraryCode.Read("ResNet.MLNet"));
    private static readonly Lazy<LibraryCode> Training = new(() => LibraryCode.Read("ResNet.Training", MLNet.Value));
    private static readonly Lazy<Arrows> MLNetArrows = new(() => new(MLNet.Value));
    private static readonly Lazy<Arrows> TrainingArrows = new(() => new(Training.Value));

    public required TestContext TestContext { get; init; }

    [TestMethod]
    [DataRow("ResNet.MLNet")]
    [DataRow("ResNet.Training")]
    public void A_room_uses_only_rooms_before_it(string library)
    {
        var order = OrderOf(library);
        var arrows = ArrowsOf(library);
        TestContext.WriteLine(Count(library, order, arrows));
        AssertNone(Upward(order, arrows));
    }

    [TestMethod]
    [DataRow("ResNet.MLNet")]
    [DataRow("ResNet.Training")]
    public void No_files_of_different_rooms_use_each_other(string library) => AssertNone(ArrowsOf(library).Circles());

    [TestMethod]
    [DataRow("ResNet.MLNet")]
    [DataRow("ResNet.Training")]
    public void Every_folder_is_a_room_of_the_order_and_only_the_top_layer_lies_at_the_root(string library) =>
        AssertNone(Misplaced(OrderOf(library), CodeOf(library).Paths));

    /// <summary>A name that the compiler does not know would be an arrow that nobody sees.</summary>
    [TestMethod]
    [DataRow("ResNet.MLNet")]
    [DataRow("ResNet.Training")]
    public void The_compiler_knows_every_name(string library) => AssertNone(CodeOf(library).Errors());

    [TestMethod]
    public void An_arrow_upward_or_sideways_is_found_through_a_name_a_var_and_a_conversion()
    {
        var order = new RoomOrder("Ground < Left, Right < (root: Top)");
        var code = LibraryCode.Of(
            new("Ground/Low.cs", "class Low { int Floor => Door.Height; } static class Door { public static int Height = 2; }"),
            new("Ground/Peeks.cs", "class Peeks { object Look() { var seen = Left.Found(); return seen; } }"),
            new("Ground/Converts.cs", "class Converts { void Take(string text) => Give(text); void Give(Right right) { } }"),
            new("Left/Left.cs", "class Left { public static int Found() => 1; /* Right */ }"),
            new("Right/Right.cs", "class Right { int n = Left.Found(); public static implicit operator Right(string text) => new(); }"),
            new("Top.cs", "class Top { Right right = \"a\"; }"));
        AssertNone(code.Errors());
        CollectionAssert.AreEquivalent(
            new[]
            {
                "Up: Ground/Peeks.cs uses Left of Left/Left.cs",
                "Up: Ground/Peeks.cs uses Left.Found of Left/Left.cs",
                "Up: Ground/Converts.cs uses Right of Right/Right.cs",
                "Up: Ground/Converts.cs uses Right.op_Implicit of Right/Right.cs",
                "Sideways: Right/Right.cs uses Left of Left/Left.cs",
                "Sideways: Right/Right.cs uses Left.Found of Left/Left.cs",
            },
            Upward(order, new(code)).ToList());
    }

    [TestMethod]
    public void A_circle_is_found_by_way_of_other_files()
    {
        var code = LibraryCode.Of(
            new("One/A.cs", "class A { B b; }"),
            new("Two/B.cs", "class B { C c; }"),
            new("Two/C.cs", "class C { A a; }"),
            new("Two/D.cs", "class D { A a; E e; }"),
            new("Two/E.cs", "class E { D d; }"));
        CollectionAssert.AreEqual(new[] { "One/A.cs and Two/B.cs", "One/A.cs and Two/C.cs" }, new Arrows(code).Circles().ToList());
    }

    [TestMethod]
    public void A_file_at_the_root_and_a_folder_without_a_rank_are_found()
    {
        var order = new RoomOrder("Ground < (root: Top)");
        string[] paths = ["Ground/A.cs", "Ground/Deeper/B.cs", "Top.cs", "Top.Options.cs", "Helper.cs", "Misc/C.cs"];
        CollectionAssert.AreEqual(
            new[] { "Helper.cs: only Top may lie at the root", "Misc/C.cs: the order has no room 'Misc'" },
            Misplaced(order, paths).ToList());
    }

    [TestMethod]
    public void The_order_is_read_from_the_page()
    {
        const string page = "Text.\n\n    Lib.One:  A < B, C\n              < D < (root: E, F)\n    Lib.Two:  G < H\n\nText < text.";
        var order = RoomOrder.Parse(page, "Lib.One");
        CollectionAssert.AreEqual(new[] { "A", "B", "C", "D" }, order.Rooms.ToList());
        CollectionAssert.AreEqual(new[] { "E", "F" }, order.RootTypes.ToList());
        Assert.AreEqual(Direction.Down, order.DirectionOf(RoomOrder.Root, "D"));
        Assert.AreEqual(Direction.Sideways, order.DirectionOf("B", "C"));
        Assert.AreEqual(Direction.Up, order.DirectionOf("A", "B"));
        Assert.IsNull(order.DirectionOf("A", "G"));
    }

    [TestMethod]
    [DataRow("ResNet.MLNet", "")]
    [DataRow("ResNet.Training", "ResNet.MLNet")]
    [DataRow("ResNet.MLNet.AspNetCore", "ResNet.MLNet")]
    [DataRow("ResNet.MLNet.Interactive", "ResNet.MLNet, ResNet.Training")]
    public void A_library_references_only_the_projects_below_it(string library, string expected) =>
        Assert.AreEqual(expected, string.Join(", ", ItemsOf(library, "ProjectReference").Select(Path.GetFileNameWithoutExtension)));

    [TestMethod]
    public void The_web_library_and_the_command_line_see_public_members_only()
    {
        foreach (var library in new[] { "ResNet.MLNet", "ResNet.Training" })
        {
            var friends = ItemsOf(library, "InternalsVisibleTo");
            CollectionAssert.Contains(friends, "ResNet.MLNet.Interactive");
            foreach (var other in new[] { "ResNet.MLNet.AspNetCore", "resnet" }) CollectionAssert.DoesNotContain(friends, other);
        }
    }

    [TestMethod]
    [DataRow("ResNet.MLNet.AspNetCore")]
    [DataRow("ResNet.MLNet.Interactive")]
    public void A_library_without_layers_is_one_folder(string library) =>
        AssertNone(Repository.CSharpFiles(Repository.PathOf(library)).Select(file => file.Path).Where(path => path.Contains('/')));

    private static string[] ItemsOf(string project, string kind) =>
    [..
        from item in XDocument.Load(Repository.PathOf(project, $"{project}.csproj")).Descendants(kind)
        select item.Attribute("Include")!.Value.Replace('\\', '/')
    ];

    private static IEnumerable<string> Upward(RoomOrder order, Arrows arrows) =>
        from found in arrows.Between(order)
        where found.Direction != Direction.Down
        select $"{found.Direction}: {found.Arrow}";

    private static IEnumerable<string> Misplaced(RoomOrder order, IEnumerable<string> paths)
    {
        foreach (var path in paths)
        {
            var room = Arrow.RoomOf(path);
            if (room == RoomOrder.Root)
            {
                if (order.RootTypes.Contains(path.Split('.')[0])) continue;
                yield return $"{path}: only {string.Join(", ", order.RootTypes)} may lie at the root";
            }
            else if (!order.Rooms.Contains(room)) yield return $"{path}: the order has no room '{room}'";
        }
    }

    /// <summary>
    /// The table of arrows: how many members of other rooms the files use, by where those lie in the order; in brackets the pairs of files.
    /// </summary>
    private static string Count(string library, RoomOrder order, Arrows arrows)
    {
        var found = arrows.Between(order).ToLookup(each => each.Direction, each => (each.Arrow.From, each.Arrow.To));
        return $"{library}: {Of(Direction.Down)} down, {Of(Direction.Up)} up, {Of(Direction.Sideways)} sideways";

        string Of(Direction direction) => $"{found[direction].Count()} ({found[direction].Distinct().Count()})";
    }

    private static RoomOrder OrderOf(string library) =>
        RoomOrder.Parse(File.ReadAllText(Repository.PathOf("docs", "architecture.md")), library);

    private static LibraryCode CodeOf(string library) => library == "ResNet.MLNet" ? MLNet.Value : Training.Value;

    private static Arrows ArrowsOf(string library) => library == "ResNet.MLNet" ? MLNetArrows.Value : TrainingArrows.Value;

    private static void AssertNone(IEnumerable<string> found) => Assert.AreEqual("", string.Join('\n', found));
}
