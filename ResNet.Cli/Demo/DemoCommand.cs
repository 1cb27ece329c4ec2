using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>
/// `resnet demo`: all that this project does, on embedded images. Trains a ResNet-20, exports it, uses it in ML.NET, and trains an ML.NET
/// trainer for a new task on its features, then on photographs with those of an ImageNet ResNet-18.
/// </summary>
internal static class DemoCommand
{
    /// <summary>
    /// Found by trying a few: more accurate in a few epochs than the paper's numbers, which are made for 160. Five, so that the whole demo
    /// takes less than two minutes on two slow cores; ten give 88 %.
    /// </summary>
    private static readonly TrainingRecipe Recipe = new()
    {
        Epochs = 5,
        BatchSize = 64,
        LearningRate = 0.2,
        WeightDecay = 5e-4,
        Augmentation = new Augmentation.PadCropFlip(Padding: 3),
        Preprocessing = ImagePreprocessing.Small(DemoData.Size),
        Keep = KeptEpoch.Last,
    };

    public static Command Create()
    {
        var output = new Option<string>("--output")
        {
            HelpName = "DIR",
            Description = "The folder for the files: a new or empty one, or that of an earlier demo.",
            DefaultValueFactory = _ => "resnet-demo",
        };
        var epochs = CommonOptions.Positive("--epochs", $"How often every image is shown. [default: {Recipe.Epochs}]");
        var seed = new Option<long>("--seed")
        {
            HelpName = "N",
            Description = "Seed of all that is random.",
            DefaultValueFactory = _ => Recipe.Seed,
        };
        var command = new Command(
            "demo", "Trains, exports and uses networks in ML.NET on embedded images (Fashion-MNIST, flowers), in about two minutes.")
        {
            output,
            epochs,
            seed,
        };
        command.SetWork((parsed, cancellation) =>
        {
            var recipe = Recipe with { Epochs = parsed.GetValue(epochs) ?? Recipe.Epochs, Seed = parsed.GetValue(seed) };
            new DemoRun(AnsiConsole.Console, parsed.GetRequiredValue(output), recipe).Run(cancellation);
            return ExitCode.Done;
        });
        return command;
    }
}
