using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>The network that runs is that of the file that was opened, whatever happens to its name meanwhile; or it is refused.</summary>
[TestClass]
public sealed class HeldModelTests
{
    [TestMethod]
    public void A_file_that_is_replaced_or_deleted_runs_and_is_saved_as_it_was_opened()
    {
        if (OperatingSystem.IsMacOS()) Assert.Inconclusive("macOS has no name for an open file, so that a replaced one is refused.");
        using var world = new ImageWorld(images: 2);
        var expected = world.Expected(world.Paths[0], ResNetOutput.Probabilities);
        var written = File.ReadAllBytes(world.ModelFile);
        using var model = ResNetModel.Open(world.ModelFile);
        using var fitted = world.Context.Transforms.ApplyResNet(world.ModelFile, ResNetOutput.Probabilities, "Score").Fit(world.Data());
        var before = Scores(world, fitted);
        Replace(world, seed: 2);

        CollectionAssert.AreEqual(expected, model.Run(world.Paths[0]));
        // The pass above and a prediction engine each load the network for themselves.
        var notOwned = new PredictionEngineOptions { OwnsTransformer = false };
        var engine = world.Context.Model.CreatePredictionEngine<ImageRow, Scored>(fitted, notOwned);
        CollectionAssert.AreEqual(before[0], engine.Predict(new ImageRow { ImagePath = world.Paths[0] }).Score);
        File.Delete(world.ModelFile);
        CollectionAssert.AreEqual(written, model.File.ReadBytes());
        world.Context.Model.Save(fitted, world.Data().Schema, world.PathOf("pipeline.zip"));
        var loaded = world.Context.Model.Load(world.PathOf("pipeline.zip"), out _);
        CollectionAssert.AreEqual(before[1], Scores(world, loaded)[1]);
    }

    [TestMethod]
    public void A_file_that_is_written_in_place_is_refused_even_if_its_length_and_time_are_the_same()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        using var fitted = world.Context.Transforms.ApplyResNet(world.ModelFile).Fit(world.Data());
        var time = File.GetLastWriteTimeUtc(world.ModelFile);
        var length = new FileInfo(world.ModelFile).Length;
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", ImageWorld.Classes);
        var other = ModelFile.ToBytes(network, RandomWeights.For(network, seed: 2), RandomWeights.Card(network));
        Assert.HasCount((int)length, other);
        File.WriteAllBytes(world.ModelFile, other);
        File.SetLastWriteTimeUtc(world.ModelFile, time);

        AssertChanged(Assert.ThrowsExactly<InvalidDataException>(() => model.Run(world.Paths[0])));
        AssertChanged(Assert.Throws<InvalidDataException>(
            () => world.Context.Model.Save(fitted, world.Data().Schema, world.PathOf("pipeline.zip"))));
        using var again = ResNetModel.Open(world.ModelFile);
        CollectionAssert.AreEqual(world.Expected(world.Paths[0], ResNetOutput.Probabilities), again.Run(world.Paths[0]));

        void AssertChanged(InvalidDataException problem)
        {
            StringAssert.Contains(problem.Message, world.ModelFile);
            StringAssert.Contains(problem.Message, "has changed since it was opened");
        }
    }

    [TestMethod]
    public void A_file_that_is_only_touched_is_used()
    {
        using var world = new ImageWorld(images: 1);
        using var model = ResNetModel.Open(world.ModelFile);
        File.SetLastWriteTimeUtc(world.ModelFile, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        CollectionAssert.AreEqual(world.Expected(world.Paths[0], ResNetOutput.Probabilities), model.Run(world.Paths[0]));
        Assert.HasCount((int)new FileInfo(world.ModelFile).Length, model.File.ReadBytes());
    }

    [TestMethod]
    public void A_file_from_elsewhere_is_held_too()
    {
        using var world = new ImageWorld(images: 1);
        var fixtures = Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "foreign");
        var path = world.PathOf("foreign.onnx");
        var preprocessing = new ImagePreprocessing { Resize = null, Crop = 40 };
        File.Copy(Path.Combine(fixtures, "scores.onnx"), path);
        float[] expected;
        using (var before = ResNetModel.Open(path, preprocessing)) expected = before.Run(world.Paths[0], ResNetOutput.Logits);
        using (var model = ResNetModel.Open(path, preprocessing))
        {
            Assert.IsNull(model.Digest);
            File.WriteAllBytes(world.PathOf("other.onnx"), [1, 2, 3]);
            File.Move(world.PathOf("other.onnx"), path, overwrite: true);
            CollectionAssert.AreEqual(expected, model.Run(world.Paths[0], ResNetOutput.Logits));
        }

        File.Copy(Path.Combine(fixtures, "scores.onnx"), path, overwrite: true);
        using var written = ResNetModel.Open(path, preprocessing);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.None))
        {
            file.Position = file.Length / 2;
            file.WriteByte(77);
        }

        // What was read when it was opened is kept, because it was made into a network of ours.
        CollectionAssert.AreEqual(expected, written.Run(world.Paths[0], ResNetOutput.Logits));
    }

    [TestMethod]
    public void An_estimator_fits_with_the_file_as_it_is_then()
    {
        using var world = new ImageWorld(images: 1);
        var pipeline = world.Context.Transforms.ApplyResNet(world.ModelFile, ResNetOutput.Logits, "Score");
        Replace(world, seed: 1, classes: 4);
        using (var fitted = pipeline.Fit(world.Data())) Assert.HasCount(4, Scores(world, fitted).Single());

        File.Delete(world.ModelFile);
        var problem = Assert.ThrowsExactly<FileNotFoundException>(() => pipeline.Fit(world.Data()));
        StringAssert.Contains(problem.Message, world.ModelFile);
    }

    [TestMethod]
    public void Labels_of_an_opened_model_are_those_that_it_was_opened_with()
    {
        using var world = new ImageWorld(images: 3);
        using var fitted = world.Context.Transforms.ApplyResNet(world.ModelFile).Fit(world.Data());
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", ImageWorld.Classes);
        var reversed = RandomWeights.Card(network) with { Labels = ["class2", "class1", "class0"] };
        ModelFile.Write(world.ModelFile, network, RandomWeights.For(network), reversed);

        CollectionAssert.AreEqual(new uint[] { 1, 2, 3 }, Keys(world.Context.Transforms.MapResNetLabels(fitted.Model)));
        CollectionAssert.AreEqual(new uint[] { 3, 2, 1 }, Keys(world.Context.Transforms.MapResNetLabels(world.ModelFile)));

        List<uint> Keys(IEstimator<ITransformer> labels) =>
            [.. labels.Fit(world.Data()).Transform(world.Data()).GetColumn<uint>("Label")];
    }

    [TestMethod]
    public void A_disposed_model_lets_its_file_go()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("Counts open files as Linux lists them.");
        using var world = new ImageWorld(images: 1);
        var pipeline = world.Context.Transforms.ApplyResNet(world.ModelFile);
        using (var model = ResNetModel.Open(world.ModelFile))
        {
            model.Run(world.Paths[0]);
            Assert.AreEqual(1, OpenFiles());
        }

        using (pipeline.Fit(world.Data())) Assert.AreEqual(1, OpenFiles());
        Assert.AreEqual(0, OpenFiles());

        int OpenFiles() => Directory.GetFileSystemEntries("/proc/self/fd")
            .Count(handle => new FileInfo(handle).LinkTarget?.StartsWith(world.ModelFile, StringComparison.Ordinal) == true);
    }

    /// <summary>Puts another network in the model file's place, as training does.</summary>
    private static void Replace(ImageWorld world, int seed, int classes = ImageWorld.Classes)
    {
        var network = ResNetArchitecture.Parse("cifar-resnet8:width=4", classes);
        ModelFile.Write(world.ModelFile, network, RandomWeights.For(network, seed), RandomWeights.Card(network));
    }

    private static List<float[]> Scores(ImageWorld world, ITransformer transformer) =>
        [.. transformer.Transform(world.Data()).GetColumn<float[]>("Score")];

    private sealed class Scored
    {
        public float[] Score { get; set; } = [];
    }
}
