using System.Security.Cryptography;
using System.Text.Json;
using static ResNet.Training.Augmentation;

namespace ResNet.Tests;

/// <summary>Each augmentation does what its name says, and goes into a recipe and back.</summary>
[TestClass]
public sealed class AugmentationTests
{
    private static readonly string Fixtures = Path.Combine(AppContext.BaseDirectory, "Fixtures");

    /// <summary>See Fixtures/Augmentation/make_fixtures.py.</summary>
    private static IEnumerable<object[]> Operations() =>
        from operation in Enum.GetValues<TrivialAugment.Operation>() select new object[] { operation.ToString() };

    [TestMethod]
    [DynamicData(nameof(Operations))]
    public void Trivial_augment_is_that_of_torchvision_to_the_bit_in_all_strengths(string operation)
    {
        var fixture = File.ReadAllText(Path.Combine(Fixtures, "Augmentation", "trivial-augment.json"));
        var expected = JsonSerializer.Deserialize<Dictionary<string, Dictionary<string, string>>>(fixture)!;
        PixelBuffer other = new(), copy = new();
        foreach (var (name, hashes) in expected)
        {
            var image = new ImageDecoder(applyOrientation: false).Decode(new(Path.Combine(Fixtures, "Imaging", name)));
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (var strength = 0; strength < TrivialAugment.Strengths; strength++)
            {
                foreach (var negative in new[] { false, true })
                {
                    copy.Reset(image.Width, image.Height);
                    image.Bytes.CopyTo(copy.Bytes);
                    var result = TrivialAugment.Apply(Enum.Parse<TrivialAugment.Operation>(operation), strength, negative, copy, other);
                    Assert.AreEqual((image.Width, image.Height), (result.Width, result.Height));
                    hash.AppendData([.. result.Bytes.ToArray().Where((_, place) => place % 4 != 3)]);
                }
            }

            Assert.AreEqual(hashes[operation], Convert.ToHexString(hash.GetHashAndReset()), name);
        }
    }

    [TestMethod]
    public void Trivial_augment_draws_every_operation()
    {
        var canvas = new Canvas(new() { Crop = 40 });
        var reader = new OneImage(new ImageDecoder(applyOrientation: false).Decode(new(Path.Combine(Fixtures, "Imaging", "rgb.bmp"))));
        var results = new HashSet<string>();
        for (var seed = 0; seed < 3000; seed++)
        {
            var image = new TrivialAugment().Read(reader, 0, new(seed), canvas);
            results.Add(Convert.ToHexString(SHA256.HashData(image.Bytes)));
        }

        // Nine operations with 61 results, among them the unchanged image; posterize 7, solarize 31, three with one. Some coincide; with
        // 3000
        // draws few are missing.
        Assert.IsInRange(450, 9 * 60 + 7 + 31 + 3, results.Count);
    }

    [TestMethod]
    public void Random_scale_crops_are_squares_of_the_papers_share_of_the_shorter_side()
    {
        var random = new SeededRandom(1);
        List<int> sides = [], lefts = [], tops = [];
        for (var i = 0; i < 5000; i++)
        {
            var (box, least) = new RandomScaleCrop().ChooseRegion(960, 480, ref random, 112);
            Assert.AreEqual(112, least);
            Assert.AreEqual(box.Width, box.Height);
            Assert.IsTrue(box.Left >= 0 && box.Top >= 0 && box.Left + box.Width <= 960 && box.Top + box.Height <= 480);
            sides.Add(box.Width);
            lefts.Add(box.Left);
            tops.Add(box.Top);
        }

        Assert.AreEqual((224, 420), (sides.Min(), sides.Max()));
        Assert.AreEqual(Enumerable.Range(256, 480 - 256 + 1).Average(length => 480 * 224.0 / length), sides.Average(), 3);
        Assert.IsTrue(lefts.Min() < 5 && lefts.Max() > 720 && tops.Min() < 3 && tops.Max() > 240);
    }

    [TestMethod]
    public void Color_is_shifted_along_the_directions_of_imagenet()
    {
        const int Sources = 2000;
        var canvas = new Canvas(new() { Crop = 8 });
        var shifts = Enumerable.Range(0, Sources).Select(seed =>
        {
            var pixels = new PcaColor().Read(new OneImage(Plain(8, 0xff808080)), 0, new(seed), canvas).Pixels.ToArray();
            Assert.HasCount(1, pixels.Distinct().ToList());
            return Enumerable.Range(0, 3).Select(channel => (double)(pixels[0] >> (8 * channel) & 0xff) - 128).ToArray();
        }).ToList();

        // Covariance of the shifts: sigma² times directions · diag(spread²) · directions', of values 0 to 255; 1/12 is the rounding's.
        double[,] expected = { { 10.06, 10.14, 10.15 }, { 10.14, 10.38, 10.33 }, { 10.15, 10.33, 10.60 } };
        for (var i = 0; i < 3; i++)
        {
            Assert.AreEqual(0, shifts.Average(shift => shift[i]), 0.3);
            for (var j = 0; j < 3; j++)
            {
                var rounding = i == j ? 1 / 12.0 : 0;
                Assert.AreEqual(expected[i, j] + rounding, shifts.Average(shift => shift[i] * shift[j]), 1.2);
            }
        }

        // At the ends values stay there instead of going round.
        foreach (var seed in Enumerable.Range(0, 50))
        {
            var pixels = new PcaColor(1).Read(new OneImage(Plain(8, 0xffffffff)), 0, new(seed), canvas).Pixels.ToArray();
            Assert.IsTrue(pixels.All(pixel => (pixel & 0xff) > 60));
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Random_erasing_covers_one_rectangle_of_some_images(bool noise)
    {
        const int Size = 40, Images = 1000;
        var canvas = new Canvas(new() { Crop = Size });
        List<double> shares = [], ratios = [];
        for (var seed = 0; seed < Images; seed++)
        {
            var image = new OneImage(Plain(Size, 0xff00ff80));
            var pixels = new RandomErasing(0.4, Noise: noise).Read(image, 0, new(seed), canvas).Pixels.ToArray();
            var covered = Enumerable.Range(0, pixels.Length).Where(place => pixels[place] != 0xff00ff80).ToList();
            if (covered.Count == 0) continue;
            var columns = covered.ConvertAll(place => place % Size);
            var rows = covered.ConvertAll(place => place / Size);
            var width = columns.Max() - columns.Min() + 1;
            var height = rows.Max() - rows.Min() + 1;
            Assert.AreEqual(width * height, covered.Count);
            if (noise) Assert.IsGreaterThan(covered.Count * 3 / 4, covered.Select(place => pixels[place]).Distinct().Count());
            else Assert.IsTrue(covered.TrueForAll(place => (pixels[place] & 0xffffff) == 0));
            shares.Add((double)covered.Count / pixels.Length);
            ratios.Add((double)height / width);
        }

        Assert.IsInRange(340, 460, shares.Count);
        Assert.IsTrue(shares.Min() is > 0.01 and < 0.04 && shares.Max() is > 0.3 and < 0.36, $"{shares.Min()} to {shares.Max()}");
        Assert.IsTrue(ratios.Min() is > 0.2 and < 0.4 && ratios.Max() is > 2.8 and < 4.5, $"{ratios.Min()} to {ratios.Max()}");
    }

    [TestMethod]
    public void A_sequence_does_one_step_after_the_other_and_always_ends_in_the_networks_size()
    {
        var preprocessing = ImagePreprocessing.Small(28);
        var canvas = new Canvas(preprocessing);
        var path = Path.Combine(Fixtures, "Imaging", "rgb.jpg");
        var crop = new ImagePreparer(preprocessing).Crop(new(path)).Pixels.ToArray();
        foreach (var steps in new[] { Of(), Of(None, None, None), Of(Of(), new RandomErasing(0), None), Of(new PcaColor(0)) })
            CollectionAssert.AreEqual(crop, steps.Read(File(), 0, new(1), canvas).Pixels.ToArray());

        // Steps share the random numbers of the image, so the second's are not the first's again.
        var random = new SeededRandom(3);
        var canvases = (new Canvas(preprocessing), new Canvas(preprocessing));
        var part = File().Read(0, (width, height) => new RandomResizedCrop().ChooseRegion(width, height, ref random, 28));
        var first = new RandomResizedCrop().Apply(part, ref random, canvases.Item1);
        var expected = new PadCropFlip(3).Apply(first, ref random, canvases.Item2);
        var both = Of(new RandomResizedCrop(), new PadCropFlip(3)).Read(File(), 0, new(3), canvas);
        CollectionAssert.AreEqual(expected.Pixels.ToArray(), both.Pixels.ToArray());

        InputReader File() => new(_ => new(path), applyOrientation: true);
    }

    [TestMethod]
    public void Augmentations_go_into_a_recipe_and_back()
    {
        Augmentation all = Of(
            new RandomResizedCrop(0.2, false),
            new RandomScaleCrop(300, 400),
            new PadCropFlip(2),
            new PcaColor(0.2),
            new TrivialAugment(),
            new RandomErasing(0.5, 0.1, 0.2, true),
            None,
            Of(None));
        var json = JsonSerializer.Serialize(all);
        Assert.AreEqual(all, JsonSerializer.Deserialize<Augmentation>(json));
        Assert.AreEqual(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<Augmentation>(json)));
        Assert.AreNotEqual(all, Of(None));
        StringAssert.Contains(new TrainingRecipe { Augmentation = all }.ToJson(), "\"type\":\"trivialAugment\"");
    }

    /// <summary>
    /// Names and order go into recipe.json and, with the recipe, into model files, whose bytes stay the same from version to version.
    /// </summary>
    [TestMethod]
    public void Their_json_is_the_same_in_every_version()
    {
        AssertJson("""{"type":"randomResizedCrop","smallestArea":0.08,"flip":true}""", new RandomResizedCrop());
        AssertJson("""{"type":"randomScaleCrop","flip":true,"shortestSide":256,"longestSide":480}""", new RandomScaleCrop());
        AssertJson("""{"type":"padCropFlip","padding":4,"flip":true}""", new PadCropFlip());
        AssertJson("""{"type":"pcaColour","sigma":0.1}""", new PcaColor());
        AssertJson("""{"type":"trivialAugment"}""", new TrivialAugment());
        AssertJson(
            """{"type":"randomErasing","probability":0.25,"smallestArea":0.02,"largestArea":0.33,"noise":false}""", new RandomErasing());
        AssertJson("""{"type":"sequence","steps":[{"type":"none"}]}""", Of(None));

        static void AssertJson(string expected, Augmentation augmentation) =>
            StringAssert.Contains(new TrainingRecipe { Augmentation = augmentation }.ToJson(), $"\"augmentation\":{expected}");
    }

    [TestMethod]
    public void Mirroring_can_be_turned_off_everywhere()
    {
        var without = Of(new RandomResizedCrop(), Of(new PadCropFlip(3), new RandomScaleCrop()), new TrivialAugment()).WithoutFlip();
        var inner = Of(new PadCropFlip(3, false), new RandomScaleCrop(Flip: false));
        Assert.AreEqual(Of(new RandomResizedCrop(Flip: false), inner, new TrivialAugment()), without);
    }

    [TestMethod]
    public void Values_that_make_no_sense_are_refused()
    {
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new RandomScaleCrop(200)).Message, "224");
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new RandomScaleCrop(300, 299)).Message, "300");
        Assert.ThrowsExactly<ArgumentException>(() => new Sequence([null!]));
        Assert.ThrowsExactly<ArgumentException>(() => new Sequence(null!));
    }

    /// <summary>Makes an augmentation with a value out of its range: by the constructor, and by changing another.</summary>
    private static IEnumerable<object[]> OutOfRange()
    {
        yield return Case("Padding", () => new PadCropFlip(-5), () => new PadCropFlip() with { Padding = -5 });
        yield return Case("Sigma", () => new PcaColor(-0.1), () => new PcaColor() with { Sigma = double.NaN });
        yield return Case("Probability", () => new RandomErasing(7), () => new RandomErasing() with { Probability = -1 });
        yield return Case("SmallestArea", () => new RandomErasing(1, -0.1), () => new RandomErasing() with { SmallestArea = 0.5 });
        yield return Case("LargestArea", () => new RandomErasing(1, 0.2, 0.1), () => new RandomErasing() with { LargestArea = 2 });
        yield return Case("SmallestArea", () => new RandomResizedCrop(5), () => new RandomResizedCrop() with { SmallestArea = -1 });
        yield return Case("ShortestSide", () => new RandomScaleCrop(223), () => new RandomScaleCrop() with { ShortestSide = 481 });
        yield return Case("LongestSide", () => new RandomScaleCrop(224, 223), () => new RandomScaleCrop() with { LongestSide = 255 });

        static object[] Case(string property, Func<Augmentation> construct, Func<Augmentation> change) => [property, construct, change];
    }

    [TestMethod]
    [DynamicData(nameof(OutOfRange))]
    public void A_value_out_of_its_range_is_refused_by_the_propertys_name(
        string property, Func<Augmentation> construct, Func<Augmentation> change)
    {
        Assert.AreEqual(property, Assert.ThrowsExactly<ArgumentOutOfRangeException>(construct).ParamName);
        Assert.AreEqual(property, Assert.ThrowsExactly<ArgumentOutOfRangeException>(change).ParamName);
    }

    [TestMethod]
    [DataRow("""{"type":"padCropFlip","padding":-5}""", "Padding")]
    [DataRow("""{"type":"pcaColour","sigma":-1}""", "Sigma")]
    [DataRow("""{"type":"randomErasing","probability":7}""", "Probability")]
    [DataRow("""{"type":"randomErasing","smallestArea":0.4}""", "LargestArea")]
    [DataRow("""{"type":"randomResizedCrop","smallestArea":5}""", "SmallestArea")]
    [DataRow("""{"type":"randomScaleCrop","shortestSide":200}""", "ShortestSide")]
    [DataRow("""{"type":"sequence","steps":[null]}""", "Steps")]
    public void A_recipe_with_a_value_out_of_its_range_is_refused_by_file_and_property(string augmentation, string property)
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("recipe.json");
        File.WriteAllText(path, $$"""{"augmentation":{{augmentation}}}""");
        var message = Assert.ThrowsExactly<InvalidDataException>(() => TrainingRecipe.Read(path)).Message;
        StringAssert.Contains(message, path);
        StringAssert.Contains(message, property);
    }

    private static PixelBuffer Plain(int size, uint color)
    {
        var image = new PixelBuffer();
        image.Reset(size, size);
        image.Pixels.Fill(color);
        return image;
    }
}
