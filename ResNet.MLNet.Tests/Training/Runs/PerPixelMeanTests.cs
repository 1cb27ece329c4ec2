using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using ResNet.Cli;
using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>
/// A recipe with a mean for each pixel: the run computes it, subtracts it before anything is padded, and the network carries it.
/// </summary>
[TestClass]
public sealed class PerPixelMeanTests
{
    private static TrainingRecipe Recipe(int epochs) => SmallRun.Recipe(epochs) with { PerPixelMean = true };

    [TestMethod]
    public void It_is_the_mean_of_the_training_images_as_the_network_sees_them_and_the_files_carry_it()
    {
        using var folders = new ClassFolders(imagesPerClass: 6, size: 15);
        File.WriteAllText(folders.PathOf("red", "zzz.png"), "no image");
        var options = SmallRun.Options(folders, Recipe(1));
        SmallRun.Reports reports = [];
        var result = ResNetTraining.Run(options, reports);
        Assert.IsTrue(reports.Any(report => report.Phase == TrainingPhase.ComputingMean && report.Batch == report.Batches));
        Assert.AreEqual(1, reports.Count(report => report.Message?.Contains("zzz.png", StringComparison.Ordinal) ?? false));

        var card = ModelCard.Read(result.ModelFile)!;
        var image = card.Preprocessing.MeanImage!;
        var preparer = new ImagePreparer(options.Recipe!.Preprocessing);
        var sums = new double[preparer.Length];
        var pixels = new float[preparer.Length];
        var count = 0;
        for (var i = 0; i < options.Data.Training.Count; i++)
        {
            if (options.Data.Training.NameOf(i).Contains("zzz", StringComparison.Ordinal)) continue;
            preparer.Prepare(new(options.Data.Training.NameOf(i)), pixels);
            for (var j = 0; j < sums.Length; j++) sums[j] += pixels[j];
            count++;
        }

        for (var j = 0; j < sums.Length; j++) Assert.AreEqual(sums[j] / count / 255, image.Values[j], 1e-7);
        Assert.AreEqual(image.ChannelMeans, card.Preprocessing.Mean);
        // The recipe stays small.
        Assert.IsLessThan(3_000, new FileInfo(Path.Combine(folders.Output, "recipe.json")).Length);
        Assert.IsFalse(card.Recipe!.Value.ToString().Contains("meanImage", StringComparison.OrdinalIgnoreCase));
        var exported = ResNetTraining.Export(folders.Output, folders.PathOf("again.onnx"), folders.PathOf("again.html"));
        Assert.AreEqual(card.Preprocessing, exported.Card.Preprocessing);
    }

    [TestMethod]
    public void The_exported_network_gives_what_the_trained_one_gave_in_another_process_too()
    {
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, Recipe(3) with { Keep = KeptEpoch.Last });
        var result = ResNetTraining.Run(options);
        var context = new MLContext();
        string[] paths = [.. Enumerable.Range(0, options.Data.Validation.Count).Select(options.Data.Validation.NameOf)];
        var data = context.Data.LoadFromEnumerable(paths.Select(path => new ImageRow { ImagePath = path }));
        using var model = context.Transforms.ApplyResNet("Score", null, result.ModelFile, ResNetOutput.Probabilities).Fit(data);
        var scores = model.Transform(data).GetColumn<float[]>("Score").ToList();
        var loss = scores.Select((each, index) => -Math.Log(each[options.Data.Validation.LabelOf(index)])).Average();
        Assert.AreEqual(result.Validation!.Loss, loss, 1e-4);

        context.Model.Save(model, data.Schema, folders.PathOf("pipeline.zip"));
        var other = Command.Run("SecondProcess.dll", [folders.PathOf("pipeline.zip"), "Score", .. paths]);
        Assert.AreEqual(0, other.ExitCode, other.Errors);
        string[] expected = [.. scores.Select(each => Convert.ToHexString(MemoryMarshal.AsBytes<float>(each)))];
        CollectionAssert.AreEqual(expected, other.Lines.ToArray());

        var info = Command.Resnet("info", result.ModelFile);
        StringAssert.Contains(info.Output, "mean image of 12 x 12 pixels");
        Assert.IsLessThan(4_000, info.Output.Length);
    }

    [TestMethod]
    public void A_checkpoint_that_is_imported_keeps_it_unless_a_mean_is_stated()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var trained = ModelCard.Read(ResNetTraining.Run(SmallRun.Options(folders, Recipe(1))).ModelFile)!.Preprocessing;
        string[] import = ["import", "--weights", Path.Combine(folders.Output, "last.safetensors"), "--output", folders.PathOf("in.onnx")];
        Assert.AreEqual(trained, Import());
        Assert.AreEqual(trained with { MeanImage = null, Mean = new(0, 0.5f, 1) }, Import("--mean", "0,0.5,1"));
        Assert.AreEqual(trained with { Squash = true }, Import("--squash"));
        StringAssert.Contains(Command.Resnet([.. import, "--crop", "16"]).Errors, "has 12 x 12 pixels, but Crop is 16");
        StringAssert.Contains(Command.Resnet([.. import, "--channel-order", "bgr"]).Errors, "Swap the input channels");

        ImagePreprocessing Import(params string[] options)
        {
            var result = Command.Resnet([.. import, .. options]);
            Assert.AreEqual(0, result.ExitCode, result.Errors);
            return ModelCard.Read(folders.PathOf("in.onnx"))!.Preprocessing;
        }
    }

    [TestMethod]
    [DataRow(10)]
    [DataRow(60)]
    [DataRow(100)]
    public void A_run_that_is_stopped_and_resumed_ends_with_the_bits_of_one_that_was_not(int image)
    {
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, Recipe(2));
        var expected = SmallRun.Hash(ResNetTraining.Run(options));
        using var cancel = new CancellationTokenSource();
        // The first 36 images are read for the mean.
        var stopping = options with { Data = options.Data with { Training = new SmallRun.StopsAt(options.Data.Training, image, cancel) } };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping with { Workers = 1 }, null, cancel.Token));
        SmallRun.Reports reports = [];
        var resumed = ResNetTraining.Run(options with { IfExists = ExistingRun.Resume, Workers = 3 }, reports);
        Assert.AreEqual(expected, SmallRun.Hash(resumed));
        var isComputedAgain = reports.Any(report => report.Phase == TrainingPhase.ComputingMean);
        Assert.AreEqual(image <= 36, isComputedAgain);
    }

    [TestMethod]
    public void What_is_padded_and_cropped_loses_the_mean_of_the_place_that_it_had_and_the_padding_is_zero()
    {
        const int Side = 4, Padding = 3;
        var image = MeanImageTests.Ramp(Side);
        var random = new Random(1);
        var whole = new byte[Side * Side * 4];
        random.NextBytes(whole);
        Placement[] placements = [default, new(2, -1, false), new(-3, 3, true), new(1, 0, true), new(9, 0, false)];
        var pixels = new byte[placements.Length * whole.Length];
        var expected = new float[placements.Length, 3, Side, Side];
        // What the paper does: subtract, pad with zeros, crop, mirror.
        for (var n = 0; n < placements.Length; n++)
        {
            for (var y = 0; y < Side; y++)
            {
                for (var x = 0; x < Side; x++)
                {
                    var (fromX, fromY) = ((placements[n].IsMirrored ? Side - 1 - x : x) + placements[n].Left, y + placements[n].Top);
                    if (fromX is < 0 or >= Side || fromY is < 0 or >= Side) continue;
                    var (from, to) = (4 * (fromY * Side + fromX), n * whole.Length + 4 * (y * Side + x));
                    whole.AsSpan(from, 4).CopyTo(pixels.AsSpan(to, 4));
                    for (var c = 0; c < 3; c++)
                        expected[n, c, y, x] = whole[from + c] / 255f - image.Values[c * Side * Side + fromY * Side + fromX];
                }
            }
        }

        Assert.IsTrue(placements.Take(4).All(each => Math.Abs(each.Left) <= Padding));
        using var scope = NewDisposeScope();
        using var input = new DeviceInput(ImagePreprocessing.Small(Side) with { Std = new(1, 1, 1) }, TrainingPrecision.Float32, CPU);
        input.Subtract(image);
        var loaded = input.Load(new Batch(0, pixels, new long[placements.Length]) { Placements = placements }).Images;
        float[] actual = [.. loaded.contiguous().data<float>()];
        var position = 0;
        foreach (var value in expected) Assert.AreEqual(value, actual[position++], 1e-6);

        var unmoved = input.Load(new Batch(0, whole, [0])).Images.contiguous().data<float>().ToArray();
        CollectionAssert.AreEqual(actual[..unmoved.Length], unmoved);
    }

    [TestMethod]
    public void The_loader_says_where_each_image_was_put()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var images = folders.Open(0).Training;
        var preprocessing = ImagePreprocessing.Small(12);
        var whole = new BatchLoader(images, preprocessing, null, 12, 0, 2, problem => throw problem).Epoch(0).Single();
        Assert.IsNull(whole.Placements);
        var pad = new Augmentation.PadCropFlip(3);
        foreach (var augmentation in new Augmentation[] { pad, Augmentation.Of(pad, new Augmentation.RandomErasing(0)) })
        {
            var moved = new BatchLoader(images, preprocessing, augmentation, 12, 0, 2, problem => throw problem).Epoch(0).Single();
            Assert.IsTrue(moved.Placements!.Any(placement => placement.IsMirrored));
            AssertMoved(moved);
        }

        var stretched = Augmentation.Of(pad, new Augmentation.RandomResizedCrop());
        Assert.IsNull(new BatchLoader(images, preprocessing, stretched, 12, 0, 2, problem => throw problem).Epoch(0).Single().Placements);

        void AssertMoved(Batch moved)
        {
            // Which image of the first batch each is, is found by its pixels.
            for (var n = 0; n < moved.Count; n++) Assert.IsTrue(Enumerable.Range(0, whole.Count).Any(of => IsMoved(of, n)));

            bool IsMoved(int of, int n)
            {
                var placement = moved.Placements![n];
                for (var i = 0; i < 144; i++)
                {
                    var (y, x) = (i / 12, i % 12);
                    var (fromX, fromY) = ((placement.IsMirrored ? 11 - x : x) + placement.Left, y + placement.Top);
                    var isInside = fromX is >= 0 and < 12 && fromY is >= 0 and < 12;
                    for (var c = 0; c < 3; c++)
                    {
                        var expected = isInside ? whole.Pixels[of * 576 + 4 * (12 * fromY + fromX) + c] : 0;
                        if (moved.Pixels[n * 576 + 4 * i + c] != expected) return false;
                    }
                }

                return true;
            }
        }
    }

    [TestMethod]
    public void Fine_tuning_takes_the_mean_image_of_the_network_that_it_starts_from()
    {
        using var folders = new ClassFolders();
        var image = MeanImageTests.Ramp(12);
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", classes: 5);
        var file = folders.PathOf("start.onnx");
        var card = RandomWeights.Card(network, ImagePreprocessing.Small(12).WithMeanImage(image));
        ModelFile.Write(file, network, RandomWeights.For(network), card);
        var start = StartingPoint.Open(file);
        Assert.AreEqual(image, start.Preprocessing.MeanImage);

        var options = SmallRun.Options(folders, SmallRun.Recipe(1)) with { Architecture = null, StartFrom = start, Recipe = null };
        var recipe = options.Resolve().Recipe;
        Assert.IsTrue(recipe.PerPixelMean);
        Assert.IsNull(recipe.Preprocessing.MeanImage);
        options = options with { Recipe = recipe with { Epochs = 1, FineTuning = new() { HeadCrops = 1, TrainedShare = 1 } } };
        SmallRun.Reports reports = [];
        Assert.AreEqual(image, MeanOf(ResNetTraining.Run(options, reports)));
        Assert.IsFalse(reports.Any(report => report.Phase == TrainingPhase.ComputingMean));

        // Of another size, or with a recipe that does not want it, that is said.
        reports = [];
        var tuning = new FineTuning { HeadCrops = 1, TrainedShare = 1 };
        var larger = recipe with { Epochs = 1, Preprocessing = ImagePreprocessing.Small(16), FineTuning = tuning };
        Assert.AreEqual(16, MeanOf(ResNetTraining.Run(options with { Recipe = larger }, reports))!.Size);
        Assert.IsTrue(reports.Any(report => report.Message?.Contains("the input has 16 x 16", StringComparison.Ordinal) ?? false));
        reports = [];
        Assert.IsNull(MeanOf(ResNetTraining.Run(options with { Recipe = options.Recipe with { PerPixelMean = false } }, reports)));
        Assert.IsTrue(reports.Any(report => report.Message?.Contains("no PerPixelMean", StringComparison.Ordinal) ?? false));

        static MeanImage? MeanOf(TrainingResult result) => ModelCard.Read(result.ModelFile)!.Preprocessing.MeanImage;
    }

    [TestMethod]
    public void The_paper_s_recipes_subtract_it_and_divide_by_nothing()
    {
        foreach (var recipe in new[] { TrainingRecipe.PaperCifar(50_000), TrainingRecipe.PaperImageNet(1_281_167) })
        {
            Assert.IsTrue(recipe.PerPixelMean);
            Assert.AreEqual(new Rgb(1, 1, 1), recipe.Preprocessing.Std);
            StringAssert.Contains(recipe.ToJson(), "\"perPixelMean\":true");
        }

        // With a network to start from its own preprocessing counts.
        using var world = new ImageWorld(images: 1);
        var start = StartingPoint.Open(world.ModelFile);
        Assert.IsFalse(RecipeText.Find("paper-cifar")!.Create(start.Architecture, 100, start).PerPixelMean);
    }

    [TestMethod]
    public void A_recipe_of_before_means_what_it_meant_and_one_with_an_image_in_it_is_refused()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("recipe.json");
        // As written before recipes knew any of it.
        const string Before = """
            {"epochs":3,"preprocessing":{"resize":12,"crop":12,"interpolation":"Bilinear","mean":{"r":0.485,"g":0.456,"b":0.406},
            "std":{"r":0.229,"g":0.224,"b":0.225},"applyExifOrientation":true}}
            """;
        File.WriteAllText(file, Before);
        var read = TrainingRecipe.Read(file);
        Assert.IsFalse(read.PerPixelMean);
        Assert.AreEqual(new TrainingRecipe { Epochs = 3, Preprocessing = ImagePreprocessing.Small(12) }, read);
        foreach (var name in new[] { "perPixelMean", "squash", "channelOrder", "meanImage" })
            Assert.IsFalse(read.ToJson().Contains(name, StringComparison.OrdinalIgnoreCase), name);

        var withImage = ImagePreprocessing.Small(4).WithMeanImage(MeanImageTests.Ramp(4));
        var problem = Assert.ThrowsExactly<ArgumentException>(() => new TrainingRecipe { Preprocessing = withImage });
        StringAssert.Contains(problem.Message, "Set PerPixelMean");
        Assert.IsTrue(new TrainingRecipe().WithPreprocessing(withImage).PerPixelMean);
        var reversed = ImagePreprocessing.Small(4) with { ChannelOrder = ChannelOrder.Bgr };
        Assert.ThrowsExactly<ArgumentException>(() => new TrainingRecipe().WithPreprocessing(reversed));
    }
}
