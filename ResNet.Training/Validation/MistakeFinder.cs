using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>What a network says of one image.</summary>
/// <param name="Name">The image's name.</param>
/// <param name="TrueClass">Its class.</param>
/// <param name="Prediction">The class that the network takes it for.</param>
/// <param name="TrueProbability">How probable the network finds the true class, 0 to 1.</param>
/// <param name="PredictionProbability">How probable it finds its guess, 0 to 1.</param>
/// <param name="Picture">The image as the network sees it.</param>
/// <param name="HeatMap">The same, colored by what speaks for the guess (see <see cref="HeatMapPainter"/>).</param>
internal sealed record ScoredImage(string Name, int TrueClass, int Prediction, double TrueProbability, double PredictionProbability, EncodedImage Picture, EncodedImage HeatMap);

/// <summary>The images that tell most about a network.</summary>
/// <param name="Mistakes">Those it is most sure of and wrong about, the worst first.</param>
/// <param name="Doubtful">Those it is right about, but least sure of, the least sure first.</param>
internal sealed record ImageFindings(IReadOnlyList<ScoredImage> Mistakes, IReadOnlyList<ScoredImage> Doubtful);

/// <summary>
/// Looks for the images that tell most about a network, and where in them it sees what it takes them for. A residual network ends in a mean over
/// all places and a linear layer, so each place's share of a class's logit is known without gradients: the linear layer applied to the place (class
/// activation maps; Zhou et al. 2016).
/// </summary>
/// <param name="network">The network; it is put into evaluation mode.</param>
/// <param name="input">Brings batches to its device.</param>
/// <param name="load">Makes what loads a source's images as for validation.</param>
internal sealed class MistakeFinder(ResNetModule network, DeviceInput input, Func<ImageDataset, BatchLoader> load)
{
    /// <summary>Looks at all images once, and at those that are found a second time.</summary>
    /// <param name="source">The images.</param>
    /// <param name="count">The most images of either kind.</param>
    /// <param name="cancellation">Stops.</param>
    public ImageFindings Find(ImageDataset source, int count, CancellationToken cancellation = default)
    {
        network.eval();
        using var _ = no_grad();
        var judged = Evaluate(source, cancellation);
        // Sorting keeps the images' order where probabilities are equal.
        return new(
            Draw(source, [.. judged.Where(each => each.Prediction != each.TrueClass).OrderByDescending(each => each.PredictionProbability).Take(count)], cancellation),
            Draw(source, [.. judged.Where(each => each.Prediction == each.TrueClass).OrderBy(each => each.PredictionProbability).Take(count)], cancellation));
    }

    private List<Judgement> Evaluate(ImageDataset source, CancellationToken cancellation)
    {
        List<Judgement> judged = [];
        foreach (var batch in load(new Numbered(source)).Epoch(0))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (images, _) = input.Load(batch);
            long[] labels = [.. batch.Targets.Select(index => (long)source.LabelOf((int)index))];
            var probabilities = network.forward(images).softmax(1);
            var (best, guesses) = probabilities.max(1);
            var ofTruth = probabilities.gather(1, tensor(labels).to(input.Device).unsqueeze(1)).squeeze(1);
            var (guess, guessProbability, trueProbability) = (Read<long>(guesses), Read<float>(best), Read<float>(ofTruth));
            for (var i = 0; i < batch.Count; i++) judged.Add(new((int)batch.Targets[i], (int)labels[i], (int)guess[i], trueProbability[i], guessProbability[i]));
        }

        return judged;
    }

    private List<ScoredImage> Draw(ImageDataset source, Judgement[] chosen, CancellationToken cancellation)
    {
        var painter = new HeatMapPainter();
        List<ScoredImage> verdicts = [];
        if (chosen.Length == 0) return verdicts;
        foreach (var batch in load(new Numbered(source.Subset([.. chosen.Select(each => each.Index)]))).Epoch(0))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (images, _) = input.Load(batch);
            var map = network.FeatureMap(images).to(float32);
            var (height, width, size) = ((int)map.shape[2], (int)map.shape[3], (int)images.shape[2]);
            // [batch, class, place]. The bias is in every place's logit, so it does not show in the picture.
            var places = network.Classifier.forward(map.permute(0, 2, 3, 1).reshape(-1, map.shape[1])).reshape(batch.Count, height * width, -1).transpose(1, 2);
            for (var i = 0; i < batch.Count; i++)
            {
                var (index, label, guess, trueProbability, guessProbability) = chosen[batch.Targets[i]];
                var heat = new ActivationMap(Read<float>(places.select(0, i).select(0, guess)), height, width);
                var bytes = batch.Pixels.Length / batch.Count;
                var (picture, heatMap) = painter.Paint(batch.Pixels.AsSpan(i * bytes, bytes), size, heat);
                verdicts.Add(new(source.NameOf(index), label, guess, trueProbability, guessProbability, picture, heatMap));
            }
        }

        return verdicts;
    }

    private static T[] Read<T>(Tensor values)
        where T : unmanaged => values.cpu().contiguous().data<T>().ToArray();

    private readonly record struct Judgement(int Index, int TrueClass, int Prediction, float TrueProbability, float PredictionProbability);

    /// <summary>The images of a source with their own numbers for classes, so that a batch tells which images are in it, whichever could not be read.</summary>
    private sealed class Numbered(ImageDataset source) : ImageDataset(source.Labels)
    {
        public override int Count => source.Count;

        public override int LabelOf(int index) => index;

        public override string NameOf(int index) => source.NameOf(index);

        internal override ImageReader OpenReader(bool applyOrientation) => source.OpenReader(applyOrientation);
    }
}
