using SkiaSharp;
using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>Finds the mistakes that a look at all images finds, and shows where the network sees what it takes them for.</summary>
[TestClass]
public sealed class MistakeFinderTests
{
    private const int Size = 16;

    static MistakeFinderTests() => LibTorch.Load();

    [TestMethod]
    [DataRow("cifar-resnet8:width=4", 1)]
    [DataRow("cifar-resnet8:width=4", 7)]
    [DataRow("resnet50:width=4", 5)]
    public void What_it_finds_is_what_a_look_at_all_images_finds(string name, int batchSize)
    {
        using var scope = NewDisposeScope();
        using var folders = new ClassFolders(imagesPerClass: 5, size: Size);
        // Batches must tell which images they hold though one cannot be read.
        File.WriteAllText(folders.PathOf("blue", "001.jpg"), "no image");
        var source = ImageDataset.FromFolder(folders.Folder);
        using var network = Network(name, source.Labels.Count);
        using var input = new DeviceInput(ImagePreprocessing.Small(Size), TrainingPrecision.Float32, CPU);
        List<string> bad = [];
        var findings = new MistakeFinder(network, input, Loader(batchSize, bad)).Find(source, 4);
        Assert.IsNotEmpty(bad);

        var preparer = new ImagePreparer(ImagePreprocessing.Small(Size));
        var readable = Enumerable.Range(0, source.Count).Where(index => source.NameOf(index) != folders.PathOf("blue", "001.jpg"));
        var expected = readable.Select(index =>
        {
            var pixels = preparer.Crop(new(source.NameOf(index)));
            var probabilities = network.forward(Normalized(input, pixels.Bytes.ToArray())).softmax(1).data<float>().ToArray();
            return new Expected(source.NameOf(index), source.LabelOf(index), probabilities);
        }).ToList();
        Compare(expected.Where(each => each.Prediction != each.TrueClass).OrderByDescending(each => each.Sure), findings.Mistakes);
        Compare(expected.Where(each => each.Prediction == each.TrueClass).OrderBy(each => each.Sure), findings.Doubtful);

        static void Compare(IEnumerable<Expected> expected, IReadOnlyList<ScoredImage> found)
        {
            var first = expected.Take(4).ToList();
            var facts = first.ConvertAll(each => (each.Name, each.TrueClass, each.Prediction));
            CollectionAssert.AreEqual(facts, found.Select(each => (each.Name, each.TrueClass, each.Prediction)).ToList());
            foreach (var (one, other) in first.Zip(found))
            {
                Assert.AreEqual(one.Sure, other.PredictionProbability, 1e-5);
                Assert.AreEqual(one.True, other.TrueProbability, 1e-5);
            }
        }
    }

    [TestMethod]
    public void The_heat_is_where_the_class_is()
    {
        // A bright square on black, below on the right or above on the left: nothing else tells the classes apart.
        using var folder = new TemporaryFolder();
        WriteSquare(folder.PathOf("a", "0.png"), 20, 20);
        WriteSquare(folder.PathOf("b", "0.png"), 2, 2);
        using var scope = NewDisposeScope();
        var source = ImageDataset.FromFolder(folder.Path);
        using var network = Network("cifar-resnet8:width=4", 2);
        using var input = new DeviceInput(ImagePreprocessing.Small(32), TrainingPrecision.Float32, CPU);
        Train(network, input, source);
        var finder = new MistakeFinder(network, input, images => Loader(images));
        var findings = finder.Find(source, 2);
        Assert.IsEmpty(findings.Mistakes);
        foreach (var image in findings.Doubtful)
        {
            using var picture = SKBitmap.Decode(image.HeatMap.Data);
            Assert.AreEqual(256, picture.Width);
            Assert.AreEqual("image/png", image.Picture.MediaType);
            // The square has the colors of heat, the opposite corner those of cold.
            var (below, above) = (picture.GetPixel(192, 192), picture.GetPixel(48, 48));
            var (hot, cold) = image.TrueClass == 0 ? (below, above) : (above, below);
            Assert.IsGreaterThan(cold.Red + 80, hot.Red);
        }

        static BatchLoader Loader(ImageDataset images) =>
            new(images, ImagePreprocessing.Small(32), null, 2, 0, 1, problem => throw problem);
    }

    [TestMethod]
    public void Heat_is_linear_between_the_centers_of_places_and_from_0_to_1()
    {
        var heat = new HeatMap([-1, 1, 3, 1], 2, 2);
        Assert.AreEqual(0, heat.At(0, 0), 1e-12);
        Assert.AreEqual(0, heat.At(0.25, 0.25), 1e-12);
        Assert.AreEqual(0.25, heat.At(0.5, 0.25), 1e-12);
        Assert.AreEqual(0.5, heat.At(0.25, 0.5), 1e-12);
        Assert.AreEqual(0.5, heat.At(0.5, 0.5), 1e-12);
        Assert.AreEqual(1, heat.At(0, 1), 1e-12);
        Assert.AreEqual(0, new HeatMap([5, 5], 1, 2).At(0.3, 0.3));
        Assert.AreEqual(0, new HeatMap([5], 1, 1).At(0.3, 0.3));
    }

    [TestMethod]
    public void The_mean_of_the_places_logits_is_the_logit()
    {
        using var scope = NewDisposeScope();
        using var network = Network("cifar-resnet8:width=4", 3);
        network.eval();
        var images = randn([2, 3, Size, Size], generator: new Generator(1));
        var map = network.FeatureMap(images);
        var places = network.Classifier.forward(map.permute(0, 2, 3, 1).reshape(-1, map.shape[1])).reshape(2, -1, 3);
        Assert.IsTrue(places.mean([1]).allclose(network.forward(images), rtol: 1e-4, atol: 1e-5));
    }

    private static ResNetModule Network(string name, int classes) => new(ResNetArchitecture.Parse(name, classes), seed: 3);

    private static Func<ImageDataset, BatchLoader> Loader(int batchSize, List<string> bad)
    {
        return source => new(source, ImagePreprocessing.Small(Size), null, batchSize, 0, 1, Add);

        void Add(InvalidImageException problem)
        {
            lock (bad) bad.Add(problem.Message);
        }
    }

    private static Tensor Normalized(DeviceInput input, byte[] pixels) => input.Load(new(0, pixels, [0])).Images;

    private static void Train(ResNetModule network, DeviceInput input, ImageDataset source)
    {
        using var parameters = new FlatParameters(network);
        using var optimizer = new Optimizer.Sgd().Start(parameters, weightDecay: 0);
        var loader = new BatchLoader(source, ImagePreprocessing.Small(32), null, 2, 0, 1, problem => throw problem);
        network.train();
        for (var step = 0; step < 30; step++)
        {
            using var scope = NewDisposeScope();
            var (images, targets) = input.Load(loader.Epoch(0).Single());
            nn.functional.cross_entropy(network.forward(images), targets).backward();
            optimizer.Step(step + 1, _ => 0.05);
        }
    }

    private static void WriteSquare(string path, int left, int top)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(32, 32, SKColorType.Rgba8888, SKAlphaType.Opaque);
        bitmap.Erase(SKColors.Black);
        for (var y = top; y < top + 10; y++)
        {
            for (var x = left; x < left + 10; x++) bitmap.SetPixel(x, y, SKColors.White);
        }

        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(path, encoded.ToArray());
    }

    /// <summary>What the network says of an image when it is asked about it alone.</summary>
    private sealed record Expected(string Name, int TrueClass, float[] Probabilities)
    {
        public int Prediction => Array.IndexOf(Probabilities, Sure);

        public float Sure => Probabilities.Max();

        public float True => Probabilities[TrueClass];
    }
}
