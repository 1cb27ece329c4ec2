using System.Text.Json;
using static System.FormattableString;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// What a run will do: its options with the network and the recipe that they stand for, checked. <see cref="TrainingOptions.Resolve"/>
/// makes it.
/// </summary>
public sealed class TrainingPlan
{
    private const int BatchesForStatistics = 16;

    internal TrainingPlan(TrainingOptions options, ResNetArchitecture architecture, TrainingRecipe recipe)
    {
        Options = options;
        Architecture = architecture;
        Recipe = recipe;
    }

    /// <summary>The options as they were given.</summary>
    public TrainingOptions Options { get; }

    /// <summary>The network that is trained, with the classes of the data.</summary>
    public ResNetArchitecture Architecture { get; }

    /// <summary>How it is trained.</summary>
    public TrainingRecipe Recipe { get; }

    internal TrainingData Data => Options.Data;

    /// <summary>The mean image of the network that the run starts from, if the recipe wants one and it fits; else null.</summary>
    internal MeanImage? StartingMeanImage =>
        Recipe.PerPixelMean && Options.StartFrom?.Preprocessing.MeanImage is { } image && image.Size == Recipe.Preprocessing.Crop
            ? image
            : null;

    /// <summary>The mean image that the run subtracts, known when it has begun; null if it subtracts none.</summary>
    internal MeanImage? MeanImage { get; set; }

    /// <summary>Whether batch norm uses the statistics that it came with and leaves them alone.</summary>
    internal bool KeepStatistics => Recipe.FineTuning?.KeepStatistics ?? false;

    /// <summary>Whether the head of the network that the run starts from does not fit the data's classes.</summary>
    internal bool NeedsNewHead => Options.StartFrom is { } start && !start.HasSameClasses(Data.Training.Labels);

    /// <summary>How the network makes probabilities of its logits: what the loss trains it for.</summary>
    internal ScoreFunction ScoreFunction => ScoreFunctionOf(Recipe);

    /// <summary>What the run is.</summary>
    internal RunIdentity Identity => field ??= Identify();

    /// <summary>The network with fresh weights.</summary>
    internal ResNetModule NewNetwork() => new(Architecture, Recipe.Seed);

    /// <summary>What a recipe's loss trains a network for.</summary>
    internal static ScoreFunction ScoreFunctionOf(TrainingRecipe recipe) =>
        recipe.Loss == LossFunction.BinaryCrossEntropy ? ScoreFunction.Sigmoid : ScoreFunction.Softmax;

    /// <summary>The state of the run's steps, with fresh weights, which the caller disposes of.</summary>
    internal TrainingStep NewStep()
    {
        var device = Devices.Parse(Options.Device);
        return new(NewNetwork(), Recipe, device, Data.Training.ClassCounts, NewTeacher(device));
    }

    /// <summary>What the network learns from, on a device; null for nothing.</summary>
    internal Teacher? NewTeacher(Device device)
    {
        if (Options.Teacher is not { } teacher) return null;
        var network = new ResNetModule(teacher.Architecture);
        network.Load(teacher.Weights);
        var classes = TeacherFit.ClassesOf(teacher, Data.Training.Labels);
        return new(network, teacher.Preprocessing, classes, Recipe.Precision, device);
    }

    /// <summary>Loads images as the recipe says.</summary>
    /// <param name="images">The images.</param>
    /// <param name="augmentation">How they are varied; null for images in their order, not varied.</param>
    /// <param name="bad">Receives those that cannot be read.</param>
    /// <param name="inOrder">Whether they come in their order though they are varied.</param>
    internal BatchLoader Loader(ImageDataset images, Augmentation? augmentation, BadImages bad, bool inOrder = false) =>
        new(
            new LimitedImages(images, Options.Limits),
            Recipe.Preprocessing,
            augmentation,
            Recipe.BatchSize,
            Recipe.Seed,
            Math.Max(1, Options.Workers),
            bad.Add,
            Recipe.Sampling,
            inOrder);

    /// <summary>
    /// Gives a network the weights that the run starts from, if there are any: without the head where the classes are others; and, where
    /// batch norm was folded away and more than a head is trained, unfolded with the help of some training images.
    /// </summary>
    /// <param name="step">Whose network it is.</param>
    /// <param name="bad">Receives images that cannot be read.</param>
    internal void LoadStart(TrainingStep step, BadImages bad)
    {
        if (Options.StartFrom is not { } start) return;
        var network = step.Network;
        var head = network.ToStateDict();
        var weights = new StateDict();
        foreach (var (name, tensor) in start.Weights)
        {
            var isHead = network.StageOf(name) > Architecture.StageBlocks.Count;
            weights.Add(name, isHead && NeedsNewHead ? head[name] : tensor);
        }

        // Of a network without a classifier.
        foreach (var (name, tensor) in head.Where(each => !weights.ContainsKey(each.Key))) weights.Add(name, tensor);
        network.Load(weights);
        // In any order but by class, so that all classes are among the images that are measured.
        if (start.IsFolded && Recipe.Epochs > 0)
            network.Unfold(Loader(Data.Training, Augmentation.None, bad).Epoch(0).Take(BatchesForStatistics).Select(Pixels));
        step.RestartAverages();

        Tensor Pixels(Batch batch)
        {
            var (pixels, targets) = step.Input.Load(batch);
            targets.Dispose();
            return pixels;
        }
    }

    /// <summary>The card of a network that the run gives.</summary>
    /// <param name="epoch">The epoch whose network it is.</param>
    /// <param name="validation">Its figures on the validation images; null if they are not known.</param>
    /// <param name="notes">What is odd about it, in sentences.</param>
    internal ModelCard CardOf(int epoch, Evaluation? validation = null, params IReadOnlyList<string> notes)
    {
        var from = Options.StartFrom is { } start ? $"from {start.Name}" : "from scratch";
        var taught = Options.Teacher is { } teacher ? $", taught by {teacher.Name}," : "";
        var how = from + taught;
        var data = Options.DataName is { } name ? $" of {name}" : "";
        var progress = Invariant($"epoch {epoch} of {Recipe.Epochs}, seed {Recipe.Seed}");
        return new()
        {
            Architecture = Architecture.Name,
            Preprocessing = Recipe.Preprocessing.WithMeanImage(MeanImage),
            Labels = Data.Training.Labels,
            ScoreFunction = ScoreFunction,
            Thresholds = Data.Training.IsMultiLabel ? ThresholdsOf(validation?.Labels) : null,
            Source = string.Join(
                ' ',
                [Invariant($"Trained {how} with ResNet.Training on {Data.Training.Count:N0} images{data}, {progress}."), .. notes]),
            Recipe = JsonElement.Parse(Recipe.ToJson()),
            Metrics = validation?.Named,
        };
    }

    /// <summary>The report of the run, which ends now.</summary>
    /// <param name="result">What it gave.</param>
    /// <param name="findings">The images that tell most; null without validation images.</param>
    /// <param name="problems">What became known during the run.</param>
    /// <param name="device">Where it computed.</param>
    internal RunReport ReportOf(TrainingResult result, ImageFindings? findings, IReadOnlyList<string> problems, Device device) => new()
    {
        Architecture = Architecture,
        Labels = Data.Training.Labels,
        History = result.History,
        Validation = result.Validation,
        LabelValidation = result.MultiLabelValidation,
        Findings = findings,
        Recipe = Recipe.ToJson(),
        Command = Options.Command,
        DataName = Options.DataName,
        TrainingImages = Data.Training.Count,
        ValidationImages = Data.Validation.Count,
        Elapsed = result.Elapsed,
        BestEpoch = Recipe.Keep == KeptEpoch.Best ? EpochMetrics.Best(result.History)?.Epoch : null,
        Notes = [.. result.Notes, .. Data.Notes, .. problems],
        ModelFile = Path.GetFileName(result.ModelFile),
        Environment = RunEnvironment.Describe(device),
        Finished = DateTimeOffset.Now,
    };

    /// <summary>The probabilities from which labels are given: those that validation chose, else one half.</summary>
    private IReadOnlyList<float> ThresholdsOf(MultiLabelMetrics? labels) =>
        labels is null ? [.. Enumerable.Repeat(0.5f, Architecture.Classes)] : [.. labels.PerLabel.Select(each => each.Threshold)];

    private RunIdentity Identify()
    {
        var start = Options.StartFrom is { } from ? $"{from.Name} ({from.Fingerprint})" : null;
        var teacher = Options.Teacher is { } by ? $"{by.Name} ({by.Fingerprint})" : null;
        return new(Architecture.Name, Data.Identity, start, teacher, Recipe.ToJson());
    }
}
