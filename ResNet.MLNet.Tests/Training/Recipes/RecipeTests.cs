using ResNet.Cli;

namespace ResNet.Tests;

/// <summary>Recipes are values that can be written down, and a run follows them.</summary>
[TestClass]
public sealed class RecipeTests
{
    [TestMethod]
    public void Every_named_recipe_can_be_written_and_read_again()
    {
        using var world = new ImageWorld(images: 1);
        using var folder = new TemporaryFolder();
        var start = StartingPoint.Open(world.ModelFile);
        foreach (var named in RecipeText.All)
        {
            string[] texts = [named.Name, named.Summary, named.Command, named.Time, named.Accuracy];
            foreach (var text in texts) Assert.AreNotEqual("", text);
            var recipe = named.Create(start.Architecture, images: 50_000, start);
            Assert.AreEqual(start.Preprocessing, recipe.Preprocessing);
            var file = folder.PathOf($"{named.Name}.json");
            File.WriteAllText(file, recipe.ToJson());
            Assert.AreEqual(recipe.ToJson(), TrainingRecipe.Read(file).ToJson());
        }

        Assert.IsNull(RecipeText.Find("secret"));
        Assert.ThrowsExactly<ArgumentException>(() => RecipeText.Find("finetune")!.Create(ResNetArchitecture.ResNet18, 10, start: null));
    }

    [TestMethod]
    public void The_paper_s_recipes_have_the_paper_s_steps()
    {
        var cifar = TrainingRecipe.PaperCifar(50_000);
        Assert.AreEqual(64_000, cifar.Epochs * 391, 391 / 2);
        Assert.AreEqual(0.1, cifar.Schedule.FactorAt(32_000.0 / 64_000, []), 1e-12);
        Assert.AreEqual(0.01, cifar.Schedule.FactorAt(48_000.0 / 64_000, []), 1e-12);
        var imageNet = TrainingRecipe.PaperImageNet(1_281_167);
        Assert.AreEqual(600_000, imageNet.Epochs * 5005.0, 5005 / 2);
        Assert.AreEqual(256, imageNet.BatchSize);
    }

    [TestMethod]
    [DataRow("{}", null)]
    [DataRow("{\"epochs\": 3, \"epoch\": 4}", "epoch")]
    [DataRow("{\"epochs\": -1}", "Epochs")]
    [DataRow("{\"clipNorm\": -1}", "ClipNorm")]
    [DataRow("{\"averageDecay\": 1.5}", "EmaDecay")]
    [DataRow("{\"labelSmoothing\": 7}", "LabelSmoothing")]
    [DataRow("{\"batchSize\": 0}", "BatchSize")]
    [DataRow("{\"learningRate\": 0}", "LearningRate")]
    [DataRow("{\"weightDecay\": -0.1}", "WeightDecay")]
    [DataRow("{\"accumulation\": 0}", "GradientAccumulation")]
    [DataRow("{\"patience\": 0}", "Patience")]
    [DataRow("{\"logitAdjustment\": -1}", "LogitAdjustment")]
    [DataRow("{\"distillation\": {\"temperature\": 0}}", "Temperature")]
    [DataRow("{\"distillation\": {\"weight\": 2}}", "Weight")]
    [DataRow("{\"fineTuning\": {\"headCrops\": -1}}", "HeadCrops")]
    [DataRow("{\"fineTuning\": {\"epochsPerStage\": -1}}", "EpochsPerStage")]
    [DataRow("{\"fineTuning\": {\"stageRate\": 7}}", "StageLearningRateFactor")]
    [DataRow("{\"fineTuning\": {\"stageRate\": 0}}", "StageLearningRateFactor")]
    [DataRow("{\"optimizer\": null}", "Optimizer")]
    [DataRow("{\"optimizer\": {\"type\": \"sgd\", \"momentum\": 2}}", "Momentum")]
    [DataRow("{\"augmentation\": null}", "Augmentation")]
    [DataRow("{\"augmentation\": {\"type\": \"padCropFlip\", \"padding\": 2147483647}}", "Padding must be from 0 to 4096")]
    [DataRow("{\"augmentation\": {\"type\": \"sequence\", \"steps\": [null]}}", "Steps must be")]
    [DataRow("{\"classWeighting\": 7}", "ClassWeighting must be one of None, Balanced")]
    [DataRow("{\"keep\": 7}", "Keep")]
    [DataRow("{\"precision\": 7}", "Precision")]
    [DataRow("{\"loss\": 7}", "Loss")]
    [DataRow("{\"sampling\": 7}", "Sampling")]
    [DataRow("{\"learningRate\": 1e999}", "LearningRate")]
    [DataRow("{\"weightDecay\": 1e999}", "WeightDecay")]
    [DataRow("{\"preprocessing\": null}", "Preprocessing")]
    [DataRow("{\"preprocessing\": {\"crop\": 16384}}", "Crop must be 1 to 4096")]
    [DataRow("{\"preprocessing\": {\"std\": {\"r\": 0, \"g\": 0, \"b\": 0}}}", "Std must be above 0")]
    [DataRow("{\"preprocessing\": {\"interpolation\": 9}}", "Interpolation must be one of")]
    [DataRow("no json", "not a recipe")]
    public void A_file_that_is_no_recipe_is_told_with_what_is_wrong(string json, string? problem)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("recipe.json");
        File.WriteAllText(file, json);
        if (problem is null)
        {
            Assert.AreEqual(new TrainingRecipe().ToJson(), TrainingRecipe.Read(file).ToJson());
            return;
        }

        var message = Assert.ThrowsExactly<InvalidDataException>(() => TrainingRecipe.Read(file)).Message;
        StringAssert.Contains(message, problem);
        StringAssert.Contains(message, file);
    }

    [TestMethod]
    public void The_best_epoch_s_network_is_kept_and_a_run_without_progress_ends()
    {
        using var folders = new ClassFolders();
        // A rate that rises until it destroys what was learned.
        var recipe = SmallRun.Recipe(40) with
        {
            Schedule = new LearningRateSchedule.OneCycle { Peak = 0.999 },
            LearningRate = 60,
            Optimizer = new Optimizer.Sgd { Momentum = 0 },
            Patience = 3,
            ClipNorm = 1,
        };
        var result = ResNetTraining.Run(SmallRun.Options(folders, recipe));
        Assert.IsLessThan(40, result.History.Count);
        Assert.AreEqual(result.Kept.Epoch + 3, result.History[^1].Epoch);
        Assert.AreEqual(result.History.Max(epoch => epoch.Top1), result.Kept.Top1);
        Assert.AreEqual(result.Kept.Top1, result.Validation!.Top1);
        Assert.AreEqual(result.Kept.ValidationLoss!.Value, result.Validation.Loss, 1e-9);
        var last = ResNetTraining.Run(SmallRun.Options(folders, recipe with { Keep = KeptEpoch.Last }));
        Assert.AreEqual(last.History[^1], last.Kept);
        Assert.AreNotEqual(result.Validation.Loss, last.Validation!.Loss);
    }

    [TestMethod]
    public void With_an_average_the_average_is_judged_and_exported()
    {
        using var folders = new ClassFolders();
        var result = ResNetTraining.Run(SmallRun.Options(folders, SmallRun.Recipe(3) with { EmaDecay = 0.95 }));
        var best = StartingPoint.Open(Path.Combine(folders.Output, "best.safetensors")).Weights;
        var last = StartingPoint.Open(Path.Combine(folders.Output, "last.safetensors")).Weights;
        Assert.IsFalse(best["conv1.weight"].Values.SequenceEqual(last["conv1.weight"].Values));
        var exported = StartingPoint.Open(result.ModelFile).Weights["fc.weight"].Values;
        // The network that is kept is the best epoch's average, and folding leaves its head as it is.
        CollectionAssert.AreEqual(best["fc.weight"].Values, exported);
        CollectionAssert.AreNotEqual(last["fc.weight"].Values, exported);
    }

    [TestMethod]
    public void Bad_images_end_a_run_that_is_told_to_throw()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        File.WriteAllText(folders.PathOf("red", "zzz.png"), "no image");
        var options = SmallRun.Options(folders, SmallRun.Recipe(1)) with
        {
            Data = folders.Open(0),
            OnBadImage = BadTrainingImagePolicy.Throw,
        };
        StringAssert.Contains(Assert.ThrowsExactly<InvalidImageException>(() => ResNetTraining.Run(options)).Message, "zzz.png");
    }

    [TestMethod]
    public void The_finder_s_rate_is_one_at_which_the_network_learns_and_is_found_again()
    {
        using var folders = new ClassFolders();
        var options = SmallRun.Options(folders, SmallRun.Recipe(4));
        var found = ResNetTraining.FindLearningRate(options, steps: 60);
        Assert.IsTrue(found.Suggestion is > 1e-3 and < 5, $"{found.Suggestion}");
        CollectionAssert.AreEqual(found.Points.ToArray(), ResNetTraining.FindLearningRate(options, steps: 60).Points.ToArray());
        Assert.IsTrue(found.Points.Zip(found.Points.Skip(1)).All(pair => pair.First.Rate < pair.Second.Rate));
        Assert.IsFalse(Directory.Exists(folders.Output));
    }
}
