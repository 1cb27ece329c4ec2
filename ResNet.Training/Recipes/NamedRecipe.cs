namespace ResNet.Training;

/// <summary>A recipe that has a name: what it is for, the command that runs it, how long that takes and what to expect.</summary>
public sealed class NamedRecipe
{
    private readonly Func<ResNetArchitecture, int, StartingPoint?, TrainingRecipe> _make;

    private NamedRecipe(string name, string summary, string command, string time, string accuracy, Func<ResNetArchitecture, int, StartingPoint?, TrainingRecipe> make) =>
        (Name, Summary, Command, Time, Accuracy, _make) = (name, summary, command, time, accuracy, make);

    private const int CifarSteps = 64_000, ImageNetSteps = 600_000;

    /// <summary>Its name for <c>resnet train --recipe</c>.</summary>
    public string Name { get; }

    /// <summary>What it is for.</summary>
    public string Summary { get; }

    /// <summary>The command that runs it.</summary>
    public string Command { get; }

    /// <summary>How long that takes, and where.</summary>
    public string Time { get; }

    /// <summary>What to expect of it, and where that figure is from.</summary>
    public string Accuracy { get; }

    /// <summary>All of them.</summary>
    public static IReadOnlyList<NamedRecipe> All { get; } = [PaperImageNet, PaperCifar, Modern, FineTune];

    /// <summary>
    /// The paper's for ImageNet (section 3.4): batches of 256, rate 0.1 divided by 10 when the error plateaus, up to 600,000 steps; shorter side of 256 to 480 pixels, random crop of 224,
    /// flip, color.
    /// </summary>
    public static NamedRecipe PaperImageNet => new(
        "paper-imagenet",
        "He et al. 2015, section 3.4: ImageNet",
        "resnet train --data IMAGENET --recipe paper-imagenet --architecture resnet50:v1 --output OUT",
        "not run by this project; on two CPU cores (12 images a second) 148 days, so it wants a GPU",
        "top-1 error 22.85 % for ResNet-50 with ten crops (the paper's Table 4)",
        (_, images, _) => new()
        {
            BatchSize = 256,
            Epochs = Epochs(ImageNetSteps, 256, images),
            LearningRate = 0.1,
            Schedule = new LearningRateSchedule.Plateau(),
            WeightDecay = 1e-4,
            Augmentation = new Augmentation.Sequence([new Augmentation.RandomScaleCrop(), new Augmentation.PcaColor()]),
            Preprocessing = ImagePreprocessing.ImageNet,
            Keep = KeptEpoch.Last,
        });

    /// <summary>The paper's for CIFAR-10 (section 4.2): batches of 128, rate 0.1 divided by 10 at 32,000 and 48,000 of 64,000 steps, padding of 4, crop, flip.</summary>
    public static NamedRecipe PaperCifar => new(
        "paper-cifar",
        "He et al. 2015, section 4.2: CIFAR-10",
        "resnet train --data CIFAR10 --recipe paper-cifar --architecture cifar-resnet20 --output OUT",
        "2.7 hours on two CPU cores (64,000 steps of 0.15 s; computed, not run to the end)",
        "91.25 % for ResNet-20 (the paper's Table 6; on the original pixels)",
        (_, images, _) => new()
        {
            BatchSize = 128,
            Epochs = Epochs(CifarSteps, 128, images),
            LearningRate = 0.1,
            Schedule = new LearningRateSchedule.Steps(),
            WeightDecay = 1e-4,
            Augmentation = new Augmentation.PadCropFlip(),
            Preprocessing = ImagePreprocessing.Small(32),
            Keep = KeptEpoch.Last,
        });

    /// <summary>What has proved itself since: Nesterov, a cosine with warm-up, no decay of batch norm and biases, label smoothing, TrivialAugment, mixup and CutMix, random erasing, averaged weights.</summary>
    public static NamedRecipe Modern => new(
        "modern",
        "Long training from scratch with what has proved itself since 2015",
        "resnet train --data DATA --recipe modern --architecture resnet50 --output OUT",
        "0.8 hours for ResNet-18 and 1,000 images on two CPU cores (100 epochs at 33 images a second; computed)",
        "torchvision's second generation of weights was trained with such a recipe: 80.858 % top-1 for ResNet-50 (torchvision's figure, 600 epochs)",
        (architecture, images, _) => TrainingRecipe.For(architecture, images) with
        {
            Epochs = 100,
            Optimizer = new Optimizer.Sgd { Nesterov = true },
            Schedule = new LearningRateSchedule.Cosine(),
            DecayNormAndBias = false,
            LabelSmoothing = 0.1,
            Augmentation = new Augmentation.Sequence([architecture.Stem == StemKind.Cifar ? new Augmentation.PadCropFlip() : new Augmentation.RandomResizedCrop(), new Augmentation.TrivialAugment(), new Augmentation.RandomErasing(0.1)]),
            Mixing = new() { MixUp = 0.2, CutMix = 1 },
            EmaDecay = 0.999,
        });

    /// <summary>Teaches a network that has learned something else: a new head on cached features, then all stages at rates that fall towards the first.</summary>
    public static NamedRecipe FineTune => new(
        "finetune",
        "A trained network learns your classes",
        "resnet train --data DATA --start-from resnet50 --output OUT",
        "the head: the time to see each image once; then 20 epochs (for 100 photographs and a CIFAR ResNet-20 ten seconds on two CPU cores)",
        "depends on the images: 65 % against 60 % from scratch in the same ten seconds on 100 photographs of five flowers (benchmarks/README.md)",
        (_, images, start) => TrainingRecipe.FineTune(start ?? throw new ArgumentException("The recipe 'finetune' needs a network to start from."), images));

    /// <summary>Finds a recipe by its name.</summary>
    /// <param name="name">The name, in any case.</param>
    /// <returns>The recipe; null if there is none.</returns>
    public static NamedRecipe? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return All.FirstOrDefault(recipe => string.Equals(recipe.Name, name.Trim(), StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The recipe for a network and a number of images.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="images">The number of training images.</param>
    /// <param name="start">The network to start from, whose preprocessing is then taken; null for none.</param>
    /// <exception cref="ArgumentException">The recipe needs a network to start from.</exception>
    public TrainingRecipe Create(ResNetArchitecture architecture, int images, StartingPoint? start = null)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var recipe = _make(architecture, images, start);
        return start is null ? recipe : recipe with { Preprocessing = start.Preprocessing };
    }

    private static int Epochs(int steps, int batch, int images) => (int)Math.Max(1, Math.Round(steps / Math.Ceiling(images / (double)batch)));
}
