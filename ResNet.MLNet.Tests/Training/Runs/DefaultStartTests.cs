namespace ResNet.Tests;

/// <summary>
/// What a run starts from if nobody says so: chosen by what is on this machine and by the images, and kept when the run is resumed.
/// </summary>
[TestClass]
public sealed class DefaultStartTests
{
    [TestMethod]
    public void Photographs_and_few_small_pictures_start_from_the_ImageNet_network_that_is_here()
    {
        using var photographs = new ClassFolders(imagesPerClass: 2, size: 65);
        var start = DefaultStart.Choose(Options(photographs));
        Assert.IsNull(start.Architecture);
        Assert.AreEqual("resnet18-mlnet.onnx", start.Network!.Name);
        StringAssert.StartsWith(start.Reason, "The run starts from resnet18-mlnet, ");
        Assert.DoesNotContain("small", start.Reason);
        var plan = start.ApplyTo(Options(photographs)).Resolve();
        Assert.IsNotNull(plan.Recipe.FineTuning);
        Assert.AreEqual(224, plan.Recipe.Preprocessing.Crop);

        using var icons = new ClassFolders(imagesPerClass: 2, size: 64);
        var enlarged = DefaultStart.Choose(Options(icons));
        Assert.IsNotNull(enlarged.Network);
        StringAssert.Contains(enlarged.Reason, "the longer side has 64 pixels");
    }

    [TestMethod]
    public void Many_small_pictures_start_from_random_weights_of_a_small_network()
    {
        using var folders = new ClassFolders(imagesPerClass: 4, size: 32);
        var many = Options(folders, imagesPerClass: 500);
        var start = DefaultStart.Choose(many);
        Assert.IsNull(start.Network);
        Assert.AreEqual("cifar-resnet20", start.Architecture!.Name);
        StringAssert.Contains(start.Reason, "500 a class");
        Assert.AreEqual(32, start.ApplyTo(many).Resolve().Recipe.Preprocessing.Crop);
        Assert.IsNotNull(DefaultStart.Choose(Options(folders, imagesPerClass: 499)).Network);
        // A recipe for fine-tuning needs a trained network.
        var recipe = TrainingRecipe.FineTune(ResNetArchitecture.ResNet18, ImagePreprocessing.ImageNet, 1500);
        Assert.IsNotNull(DefaultStart.Choose(many with { Recipe = recipe }).Network);
    }

    [TestMethod]
    public void Random_weights_are_a_choice_and_what_a_recipe_without_fine_tuning_means()
    {
        using var folders = new ClassFolders(imagesPerClass: 2, size: 65);
        var options = Options(folders);
        Assert.AreEqual("resnet18", DefaultStart.Choose(options, fromScratch: true).Architecture!.Name);
        Assert.AreEqual("resnet18", DefaultStart.Choose(options with { Recipe = new() }).Architecture!.Name);
        using var small = new ClassFolders(imagesPerClass: 2);
        Assert.AreEqual("cifar-resnet20", DefaultStart.Choose(Options(small), fromScratch: true).Architecture!.Name);
        var named = options with { Architecture = ResNetArchitecture.ResNet18 };
        Assert.ThrowsExactly<ArgumentException>(() => DefaultStart.Choose(named));
        // Images that nobody can read are the run's business.
        folders.SpoilAll();
        Assert.AreEqual("resnet18", DefaultStart.Choose(options, fromScratch: true).Architecture!.Name);
    }

    [TestMethod]
    public void Where_no_network_is_nothing_is_downloaded_and_the_reason_says_how_to_get_one()
    {
        using var folder = new TemporaryFolder();
        using var folders = new ClassFolders(imagesPerClass: 2, size: 65);
        var store = new ModelStore(folder.Path, mirror: null, new());
        var start = DefaultStart.ChooseFrom(store, Options(folders));
        Assert.AreEqual("resnet18", start.Architecture!.Name);
        foreach (var part in new[] { "ResNet.MLNet.Weights.ResNet18", "poor", "1 a class" }) StringAssert.Contains(start.Reason, part);
        Assert.IsEmpty(Directory.GetFileSystemEntries(folder.Path));
    }

    [TestMethod]
    public void A_run_that_is_resumed_keeps_what_it_began_with()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        var begun = SmallRun.Options(folders, SmallRun.Recipe(1));
        ResNetTraining.Run(begun);
        var resumed = Options(folders) with { IfExists = ExistingRun.Resume };
        Assert.IsTrue(DefaultStart.Choose(resumed).IsResumed);
        Assert.AreEqual("cifar-resnet8:width=4", DefaultStart.Choose(resumed).Architecture!.Name);
        ResNetTraining.Run(DefaultStart.Choose(resumed).ApplyTo(resumed with { Recipe = begun.Recipe, Data = begun.Data }));
        // A new run in its place chooses anew.
        Assert.IsNotNull(DefaultStart.Choose(resumed with { IfExists = ExistingRun.Overwrite }).Network);

        Write("resnet18:stages=2.2.2.3", ", from resnet18-mlnet (1f)");
        Assert.AreEqual("resnet18-mlnet.onnx", DefaultStart.Choose(resumed).Network!.Name);
        Assert.IsFalse(DefaultStart.Choose(resumed, fromScratch: true).IsResumed);
        Write("resnet18", ", from mine.onnx (1f)");
        var problem = Assert.ThrowsExactly<FileNotFoundException>(() => DefaultStart.Choose(resumed));
        StringAssert.Contains(problem.Message, "'mine.onnx'");

        void Write(string architecture, string start)
        {
            var identity = $"{architecture} on 3 + 1 images of 3 classes (0a){start}, recipe {{}}";
            var card = new ModelCard { Architecture = architecture, Preprocessing = ImagePreprocessing.ImageNet };
            new Checkpoint(new() { { "a", new([1], [1]) } }, new(), identity, card).Write(Path.Combine(folders.Output, "last.safetensors"));
        }
    }

    [TestMethod]
    public void The_same_weights_under_another_name_are_the_same_start()
    {
        const string data = "3 + 1 images of 3 classes (0a)";
        var written = $"{new RunIdentity("resnet18", data, "resnet18-mlnet (1f)", teacher: null, "{}")}";
        Assert.IsEmpty(new RunIdentity("resnet18", data, "resnet18-mlnet.onnx (1f)", teacher: null, "{}").DifferencesFrom(written));
        Assert.HasCount(1, new RunIdentity("resnet18", data, "resnet18-mlnet (2f)", teacher: null, "{}").DifferencesFrom(written));
        Assert.HasCount(1, new RunIdentity("resnet18", data, start: null, teacher: null, "{}").DifferencesFrom(written));
    }

    private static TrainingOptions Options(ClassFolders folders, int? imagesPerClass = null)
    {
        var data = folders.Open();
        if (imagesPerClass is { } number)
        {
            var count = data.Training.Count;
            int[] repeated = [.. Enumerable.Range(0, number * data.Training.Labels.Count).Select(index => index % count)];
            data = data with { Training = data.Training.Subset(repeated) };
        }

        return new() { Data = data, OutputFolder = folders.Output };
    }
}
