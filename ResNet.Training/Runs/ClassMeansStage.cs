using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>The part of a run that finds the mean feature of each class, for the model file.</summary>
/// <param name="plan">What the run does.</param>
/// <param name="step">Holds the network.</param>
/// <param name="badImages">Receives images that cannot be read.</param>
internal sealed class ClassMeansStage(TrainingPlan plan, TrainingStep step, BadImages badImages)
{
    /// <summary>Whether model files of the run keep them.</summary>
    private bool AreKept =>
        plan.Recipe.FineTuning is not null && !plan.Data.Training.IsMultiLabel && ClassMeans.Fit(plan.Architecture);

    /// <summary>Those of the features that a new head learned from, as text; null where they are not kept.</summary>
    public string? Of(HeadFeatures features)
    {
        if (!AreKept) return null;
        using var scope = NewDisposeScope();
        var centers = features.Centers();
        var means = ClassMeans.Of(centers.Features, centers.Targets, plan.Architecture.Classes);
        return means.Or(plan.Options.AddClasses ? AddedClasses.MeansOf(plan.Options.StartFrom!) : null).ToText();
    }

    /// <summary>Those of the network as it is, from some images of each class, as text; null where they are not kept.</summary>
    public string? OfNetwork()
    {
        if (!AreKept) return null;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        step.Network.eval();
        List<Tensor> features = [], targets = [];
        var sample = ClassMeans.Sample(plan.Data.Training, plan.Recipe.Seed);
        foreach (var batch in plan.Loader(sample, augmentation: null, badImages).Epoch(0))
        {
            var (pixels, classes) = step.Input.Load(batch);
            features.Add(step.Network.Features(pixels));
            targets.Add(classes);
            pixels.Dispose();
        }

        return features.Count == 0 ? null : ClassMeans.Of(cat(features), cat(targets), plan.Architecture.Classes).ToText();
    }
}
