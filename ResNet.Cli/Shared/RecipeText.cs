namespace ResNet.Cli;

/// <summary>
/// A recipe that `resnet train --recipe` knows by name: what it is for, the command that runs it, how long that takes and what to expect.
/// </summary>
internal sealed class RecipeText
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<RecipeText> All { get; } =
    [
        new()
        {
            Name = "paper-imagenet",
            Summary = "He et al. 2015, section 3.4: ImageNet",
            Command = "resnet train --data IMAGENET --recipe paper-imagenet --architecture resnet50:v1 --output OUT",
            Time = "not run by this project; 148 days on two CPU cores (12 images a second), so use a GPU",
            Accuracy = "top-1 error 22.85 % for ResNet-50 with ten crops (the paper's Table 4)",
            Make = (_, images, _) => TrainingRecipe.PaperImageNet(images),
        },
        new()
        {
            Name = "paper-cifar",
            Summary = "He et al. 2015, section 4.2: CIFAR-10",
            Command = "resnet train --data CIFAR10 --recipe paper-cifar --architecture cifar-resnet20 --output OUT",
            Time = "2.7 hours on two CPU cores (64,000 steps of 0.15 s; computed, not run to the end)",
            Accuracy = "91.25 % for ResNet-20 (the paper's Table 6; on the original pixels)",
            Make = (_, images, _) => TrainingRecipe.PaperCifar(images),
        },
        new()
        {
            Name = "modern",
            Summary = "Long training from scratch with the methods that proved useful after 2015",
            Command = "resnet train --data DATA --recipe modern --architecture resnet50 --output OUT",
            Time = "0.8 hours for ResNet-18 and 1,000 images on two CPU cores (100 epochs at 33 images a second; computed)",
            Accuracy = "torchvision's second generation of weights was trained with such a recipe: 80.858 % top-1 for ResNet-50 " +
                "(torchvision's figure, 600 epochs)",
            Make = (architecture, images, _) => TrainingRecipe.Modern(architecture, images),
        },
        new()
        {
            Name = "finetune",
            NeedsStart = true,
            Summary = "Fine-tunes a trained network for your classes",
            Command = "resnet train --data DATA --recipe finetune --output OUT",
            Time = "the head: a minute for 250 images on two CPU cores; if folds find that more helps, each epoch takes a step an image " +
                "(about 50 images a second for the ImageNet ResNet-18)",
            Accuracy = "depends on the images; docs/transfer-learning.md has a table",
            Make = (_, images, start) => FromStart("finetune", start, TrainingRecipe.FineTune, images),
        },
        new()
        {
            Name = "head",
            NeedsStart = true,
            Summary = "Only a new classifier for a trained network: the fastest",
            Command = "resnet train --data DATA --recipe head --output OUT",
            Time = "one pass over the images: 3 seconds for 100 photographs on two CPU cores",
            Accuracy = "depends on the images; docs/transfer-learning.md has a table",
            Make = (_, images, start) => FromStart("head", start, TrainingRecipe.Head, images),
        },
    ];

    private static TrainingRecipe FromStart(
        string name, StartingPoint? start, Func<ResNetArchitecture, ImagePreprocessing, int, TrainingRecipe> make, int images) =>
        start is null
            ? throw new ArgumentException($"The recipe '{name}' needs a network to start from (--start-from).")
            : make(start.Architecture, start.Preprocessing, images);

    /// <summary>All names, to be shown in a list.</summary>
    public static string Names => string.Join(", ", All.Select(recipe => recipe.Name));

    /// <summary>Its name for <c>--recipe</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it is for a trained network; the others are for random weights.</summary>
    public bool NeedsStart { get; init; }

    /// <summary>What it is for.</summary>
    public required string Summary { get; init; }

    /// <summary>The command that runs it.</summary>
    public required string Command { get; init; }

    /// <summary>How long that takes, and where.</summary>
    public required string Time { get; init; }

    /// <summary>What to expect of it, and where that figure is from.</summary>
    public required string Accuracy { get; init; }

    /// <summary>Makes it for a network, a number of training images, and the network to start from.</summary>
    public required Func<ResNetArchitecture, int, StartingPoint?, TrainingRecipe> Make { get; init; }

    /// <summary>Finds a recipe by its name, in any case; null if there is none.</summary>
    public static RecipeText? Find(string name) =>
        All.FirstOrDefault(recipe => string.Equals(recipe.Name, name.Trim(), StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// The recipe for a network and a number of training images, with the preprocessing of the network to start from, if there is one.
    /// </summary>
    public TrainingRecipe Create(ResNetArchitecture architecture, int images, StartingPoint? start)
    {
        var recipe = Make(architecture, images, start);
        return start is null ? recipe : recipe.WithPreprocessing(start.Preprocessing);
    }
}
