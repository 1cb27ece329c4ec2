using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// A network that recipes are tried with: its features, computed once for all of them, the heads that were fitted to them, and the pace at
/// which this machine runs it.
/// </summary>
/// <param name="standard">The run from this network with the standard recipe.</param>
/// <param name="folder">The folder for the features.</param>
/// <param name="badImages">Receives images that cannot be read.</param>
/// <param name="receiver">Receives the progress of trials.</param>
internal sealed class TunedNetwork(TrainingPlan standard, string folder, BadImages badImages, IProgress<TrainingProgress> receiver)
    : IDisposable
{
    private const int SubsetPurpose = 7;

    private readonly Dictionary<bool, HeadFeatures> _features = [];
    private readonly Dictionary<string, HeadFit> _fits = [];
    private StateDict? _weights;
    private MeanImage? _mean;
    private RunPace? _pace;

    /// <summary>The run from this network with the standard recipe.</summary>
    public TrainingPlan Standard => standard;

    /// <summary>Deletes the features of a folder.</summary>
    public static void Delete(string folder)
    {
        foreach (var mirrors in new[] { false, true }) FeatureCache.Delete(FolderOf(folder, mirrors));
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var features in _features.Values) Free(features);
    }

    /// <summary>How fast this machine runs it, measured once.</summary>
    public RunPace Pace(CancellationToken cancellation) => _pace ??= RunPace.Measure(standard, cancellation);

    /// <summary>The seconds of a trial on one fold, at this pace.</summary>
    public double SecondsOf(TrainingRecipe recipe, int images, CancellationToken cancellation)
    {
        var (known, held) = FoldStage.SizesOf(images);
        return Pace(cancellation).SecondsOfFold(known, held, recipe.Epochs);
    }

    /// <summary>The seconds that it takes, besides, to compute the features of a recipe and to fit its head, if that is not done.</summary>
    public double SecondsBefore(TrainingRecipe recipe, int images, CancellationToken cancellation)
    {
        var (tuning, pace) = (recipe.FineTuning!, Pace(cancellation));
        var views = RunEstimate.ViewsOf(tuning);
        var there = _features.TryGetValue(tuning.HeadMirrors, out var known) ? known.Views.Distinct().Count() : 0;
        var seconds = Math.Max(0, views - there) * (double)standard.Data.Training.Count * pace.FeatureSeconds;
        return _fits.ContainsKey(KeyOf(tuning, images)) ? seconds : seconds + HeadTrainer.RowsOf(images, views) * pace.HeadSeconds;
    }

    /// <summary>Tries a recipe on a fold.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="images">The number of training images, those of the fold included.</param>
    /// <param name="fold">The fold, from 0.</param>
    /// <param name="begin">Called when all is ready that other trials share.</param>
    /// <param name="cancellation">Stops.</param>
    /// <exception cref="InvalidDataException">There are too few images for folds.</exception>
    public IReadOnlyList<FoldScore> Try(TrainingRecipe recipe, int images, int fold, Action begin, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var plan = (standard.Options with { Recipe = recipe }).Resolve();
        using var step = plan.NewStep();
        using RunProgress progress = new(plan, 0, step.Input.Device, badImages, receiver);
        Load(plan, step, progress, cancellation);
        var features = SubsetOf(FeaturesOf(plan, step, progress, cancellation), images);
        FoldStage stage = new(plan, step, badImages, progress);
        var folds = stage.Choose(features);
        if (folds.Count == 0)
            throw new InvalidDataException("There are too few images to tune a recipe: folds need three of classes with two or more.");
        var lesson = new HeadLesson(features, FitOf(plan, step, features, images, cancellation));
        begin();
        return stage.Try(FoldStage.Some(folds[fold], FoldStage.MostHeld), fold, lesson, new(), store: null, cancellation);
    }

    /// <summary>Gives the network its first weights.</summary>
    private void Load(TrainingPlan plan, TrainingStep step, RunProgress progress, CancellationToken cancellation)
    {
        _mean ??= new MeanImageStage(plan, badImages, progress).Find(new(), cancellation);
        plan.MeanImage = _mean;
        if (_mean is not null) step.Input.Subtract(_mean);
        if (_weights is null)
        {
            plan.LoadStart(step, badImages);
            _weights = step.Network.ToStateDict();
        }

        step.Network.Load(_weights);
        step.RestartAverages();
    }

    /// <summary>The features that the head of a recipe learns from.</summary>
    private HeadFeatures FeaturesOf(TrainingPlan plan, TrainingStep step, RunProgress progress, CancellationToken cancellation)
    {
        var tuning = plan.Recipe.FineTuning!;
        var last = HeadFeatures.Mirrored + tuning.HeadCrops;
        if (!_features.TryGetValue(tuning.HeadMirrors, out var known) || (tuning.HeadCrops > 0 && known.Views.Max() < last))
        {
            FeatureCache cache = new(
                FolderOf(folder, tuning.HeadMirrors),
                $"{standard.Identity}, mirrors: {tuning.HeadMirrors}",
                message => progress.ReportMessage(new(), message));
            if (known is not null) Free(known);
            known = HeadStage.Featurize(plan, step, badImages, cache, progress, new(), cancellation);
            badImages.ThrowIfNoneWasRead(known.ImageCount > 0);
            known.Features.DetachFromDisposeScope();
            known.Targets.DetachFromDisposeScope();
            _features[tuning.HeadMirrors] = known;
        }

        return known.WithViewsUpTo(last);
    }

    private HeadFit FitOf(TrainingPlan plan, TrainingStep step, HeadFeatures features, int images, CancellationToken cancellation)
    {
        var key = KeyOf(plan.Recipe.FineTuning!, images);
        if (_fits.TryGetValue(key, out var known)) return known;
        using var loss = HeadStage.LossOf(plan, step.Input.Device);
        HeadTrainer trainer = new(features, loss.Regression(plan.Architecture.Classes), plan.Recipe.Seed, (_, _) => { }, cancellation);
        return _fits[key] = trainer.Train(step.Network.Classifier);
    }

    /// <summary>The features of some of the images, as many of each class as its share is, and at least two where it has them.</summary>
    private HeadFeatures SubsetOf(HeadFeatures features, int images)
    {
        if (images >= standard.Data.Training.Count) return features;
        var share = images / (double)standard.Data.Training.Count;
        HashSet<int> chosen = [];
        var classes = features.Images.Zip(features.ClassNumbers()).DistinctBy(row => row.First);
        foreach (var group in classes.GroupBy(row => row.Second, row => row.First))
        {
            var members = group.Order().ToArray();
            new SeededRandom(standard.Recipe.Seed, SubsetPurpose, group.Key).Shuffle(members.AsSpan());
            chosen.UnionWith(members.Take(Math.Max(2, (int)Math.Round(share * members.Length))));
        }

        return features.Of(chosen);
    }

    private static void Free(HeadFeatures features)
    {
        features.Features.Dispose();
        features.Targets.Dispose();
    }

    private static string KeyOf(FineTuning tuning, int images) =>
        FormattableString.Invariant($"{tuning.HeadMirrors} {tuning.HeadCrops} {images}");

    private static string FolderOf(string folder, bool mirrors) => Path.Combine(folder, mirrors ? "mirrored" : "plain");
}
