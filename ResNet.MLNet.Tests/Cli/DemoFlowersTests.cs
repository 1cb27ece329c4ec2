using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Microsoft.ML.Data;
using ResNet.Cli;

namespace ResNet.Tests;

/// <summary>The photographs of the demo's second act: how they are split, that each is credited, and that each can be read.</summary>
[TestClass]
public sealed partial class DemoFlowersTests
{
    private const string Page = @"https://www\.flickr\.com/photos/\S+";

    [TestMethod]
    public void The_split_is_seeded_and_no_photograph_is_on_both_sides()
    {
        using var folder = new TemporaryFolder();
        var flowers = DemoFlowers.Write(folder.Path, seed: 3);
        var again = DemoFlowers.Write(folder.Path, seed: 3);
        var other = DemoFlowers.Write(folder.Path, seed: 4);
        CollectionAssert.AreEqual(Paths(flowers.Training), Paths(again.Training));
        CollectionAssert.AreNotEqual(Paths(flowers.Training), Paths(other.Training));
        Assert.IsEmpty(Paths(flowers.Training).Intersect(Paths(flowers.Test)));
        Assert.HasCount(200, Paths(flowers.Training).Union(Paths(flowers.Test)));
        foreach (var half in new[] { flowers.Training, flowers.Test })
        {
            var perClass = half.CountBy(image => image.Label).ToList();
            Assert.HasCount(5, perClass);
            foreach (var (label, count) in perClass) Assert.AreEqual(20, count, label);
        }
    }

    [TestMethod]
    public void Each_photograph_has_its_credit_and_decodes_to_224_pixels_on_the_shorter_side()
    {
        using var folder = new TemporaryFolder();
        var flowers = DemoFlowers.Write(folder.Path, seed: 0);
        var credits = File.ReadAllLines(Path.Combine(folder.Path, "CREDITS.txt"));
        Assert.Contains("https://creativecommons.org/licenses/by/2.0/", credits[0]);
        foreach (var image in flowers.Training.Concat(flowers.Test))
        {
            var name = $"{image.Label}/{Path.GetFileName(image.ImagePath)}";
            var credit = credits.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal));
            StringAssert.Matches(credit, CreditForm(), name);
            using var decoded = MLImage.CreateFromFile(image.ImagePath);
            Assert.AreEqual(224, Math.Min(decoded.Width, decoded.Height), name);
            AssertNoMetadata(File.ReadAllBytes(image.ImagePath), name);
        }
    }

    /// <summary>Before the scan of a JPEG there may be segments of comments (FE) and applications (E1 to EF; E0 is JFIF itself).</summary>
    private static void AssertNoMetadata(byte[] jpeg, string name)
    {
        for (var at = 2; jpeg[at + 1] != 0xDA; at += 2 + BinaryPrimitives.ReadUInt16BigEndian(jpeg.AsSpan(at + 2)))
            Assert.IsFalse(jpeg[at + 1] is 0xFE or (> 0xE0 and <= 0xEF), $"{name} has metadata.");
    }

    /// <summary>A license, a photographer and a page; one line has the last two the other way round.</summary>
    [GeneratedRegex($@"^\S+ CC[ -]BY( 2\.0)? (by \S.* - {Page}|{Page} - by \S.*)$")]
    private static partial Regex CreditForm();

    private static string[] Paths(IEnumerable<DemoImage> images) => [.. images.Select(image => image.ImagePath)];
}
