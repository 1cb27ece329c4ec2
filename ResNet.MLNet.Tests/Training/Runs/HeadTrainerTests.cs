using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>A new head is fitted to features with what cross-validation chooses.</summary>
[TestClass]
public sealed class HeadTrainerTests
{
    private const int Width = 6, Classes = 3, Images = 30;

    [TestMethod]
    public void Crops_are_used_where_they_help_and_left_out_where_they_mislead()
    {
        Assert.IsTrue(Train(misleading: false).Fit.UsesCrops);
        Assert.IsFalse(Train(misleading: true).Fit.UsesCrops);
    }

    [TestMethod]
    public void Crops_that_mislead_change_nothing()
    {
        using var scope = NewDisposeScope();
        var (_, with) = Train(misleading: true);
        var (_, without) = Train(misleading: true, crops: 0);
        CollectionAssert.AreEqual(without, with);
    }

    [TestMethod]
    public void The_length_of_the_features_does_not_change_what_is_predicted()
    {
        using var scope = NewDisposeScope();
        var classifier = nn.Linear(Width, Classes);
        var features = Features(misleading: false, crops: 2);
        new HeadTrainer(features, new(Classes), seed: 0, (_, _) => { }, CancellationToken.None).Train(classifier);
        using var longer = 17.ToScalar();
        using var _ = no_grad();
        var predicted = classifier.forward(features.Features).argmax(1);
        Assert.IsTrue(predicted.eq(classifier.forward(features.Features.mul(longer)).argmax(1)).all().item<bool>());
    }

    [TestMethod]
    public void Images_that_are_alone_in_their_class_are_learned_from_without_folds()
    {
        using var scope = NewDisposeScope();
        var classifier = nn.Linear(Width, Classes);
        var one = Features(misleading: false, crops: 0).Of(new HashSet<int> { 0, 1, 2 });
        var fit = new HeadTrainer(one, new(Classes), seed: 0, (_, _) => { }, CancellationToken.None).Train(classifier);
        Assert.AreEqual(1, fit.Accuracy);
        Assert.IsTrue(double.IsFinite(fit.Loss));
    }

    private static (HeadFit Fit, float[] Weights) Train(bool misleading, int crops = 4)
    {
        using var scope = NewDisposeScope();
        var classifier = nn.Linear(Width, Classes);
        var fit = new HeadTrainer(
            Features(misleading, crops), new(Classes), seed: 0, (_, _) => { }, CancellationToken.None).Train(classifier);
        return (fit, [.. classifier.weight.data<float>()]);
    }

    /// <summary>
    /// The feature of an image's class is high, with noise. Crops have less noise, or, misleading, the feature of another class.
    /// </summary>
    private static HeadFeatures Features(bool misleading, int crops)
    {
        List<float> values = [];
        List<int> images = [], views = [];
        for (var view = 0; view <= crops; view++)
        {
            for (var image = 0; image < Images; image++)
            {
                var random = new SeededRandom(1, view, image);
                var shown = view > 0 && misleading ? image + 1 : image;
                var noise = view == 0 ? 1.5 : 0.5;
                for (var i = 0; i < Width; i++)
                    values.Add((float)((i == shown % Classes ? 1.5 : 0.5) + noise * random.NextDouble()));
                images.Add(image);
                views.Add(view == 0 ? HeadFeatures.Center : HeadFeatures.Mirrored + view);
            }
        }

        var targets = images.Select(image => (long)image % Classes).ToArray();
        return new(tensor(values.ToArray(), [images.Count, Width]), tensor(targets), [.. images], [.. views]);
    }
}
