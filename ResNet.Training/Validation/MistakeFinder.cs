using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Looks for the images that tell most about a network, and where in them it sees what it takes them for. A residual network ends in a mean
/// over all places and a linear layer, so each place's share of a class's logit is known without gradients: the linear layer applied to the
/// place (class activation maps; Zhou et al. 2016).
/// </summary>
/// <param name="network">The network; it is put into evaluation mode.</param>
/// <param name="input">Brings batches to its device.</param>
/// <param name="load">Makes what loads a source's images as for validation.</param>
/// <param name="function">Makes probabilities of logits.</param>
internal sealed class MistakeFinder(
    ResNetModule network, DeviceInput input, Func<ImageDataset, BatchLoader> load, ScoreFunction function = ScoreFunction.Softmax)
{
    /// <summary>Looks at all images once, and at those that are found a second time.</summary>
    /// <param name="source">The images.</param>
    /// <param name="count">The most images of either kind.</param>
    /// <param name="cancellation">Stops.</param>
    public ImageFindings Find(ImageDataset source, int count, CancellationToken cancellation = default)
    {
        network.eval();
        using var _ = no_grad();
        var scores = Evaluate(source, cancellation);
        // Sorting keeps the images' order where probabilities are equal.
        var mistakes = scores.Where(each => !each.IsCorrect).OrderByDescending(each => each.PredictionProbability).Take(count);
        var doubtful = scores.Where(each => each.IsCorrect).OrderBy(each => each.PredictionProbability).Take(count);
        return new(Draw(source, [.. mistakes], cancellation), Draw(source, [.. doubtful], cancellation));
    }

    private List<Score> Evaluate(ImageDataset source, CancellationToken cancellation)
    {
        List<Score> scores = [];
        foreach (var batch in load(source).Epoch(0))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (images, labels) = input.Load(batch);
            var logits = network.forward(images);
            var probabilities = function == ScoreFunction.Sigmoid ? logits.sigmoid() : logits.softmax(1);
            var (ofBest, best) = probabilities.max(1);
            var ofTruth = probabilities.gather(1, labels.unsqueeze(1)).squeeze(1);
            var predictions = Read<long>(best);
            var probabilitiesOfPredictions = Read<float>(ofBest);
            var probabilitiesOfTruth = Read<float>(ofTruth);
            for (var i = 0; i < batch.Count; i++)
            {
                var (image, label) = (batch.Images[i], (int)batch.Targets[i]);
                scores.Add(new(image, label, (int)predictions[i], probabilitiesOfTruth[i], probabilitiesOfPredictions[i]));
            }
        }

        return scores;
    }

    private List<ScoredImage> Draw(ImageDataset source, Score[] chosen, CancellationToken cancellation)
    {
        List<ScoredImage> drawn = [];
        if (chosen.Length == 0) return drawn;
        var painter = new HeatMapPainter();
        var subset = source.Subset([.. chosen.Select(each => each.Image)]);
        foreach (var batch in load(subset).Epoch(0))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var (images, _) = input.Load(batch);
            var map = network.FeatureMap(images).to(float32);
            int height = (int)map.shape[2], width = (int)map.shape[3], size = (int)images.shape[2];
            // [batch, class, place]. The bias is in every place's logit, so it does not show in the picture.
            var logits = network.Classifier.forward(map.permute(0, 2, 3, 1).reshape(-1, map.shape[1]));
            var places = logits.reshape(batch.Count, height * width, -1).transpose(1, 2);
            for (var i = 0; i < batch.Count; i++)
            {
                var score = chosen[batch.Images[i]];
                var heat = new HeatMap(Read<float>(places.select(0, i).select(0, score.Prediction)), height, width);
                var bytes = batch.Pixels.Length / batch.Count;
                var (picture, heatMap) = painter.Paint(batch.Pixels.AsSpan(i * bytes, bytes), size, heat);
                drawn.Add(new()
                {
                    Name = source.NameOf(score.Image),
                    TrueClass = score.TrueClass,
                    Prediction = score.Prediction,
                    TrueProbability = score.TrueProbability,
                    PredictionProbability = score.PredictionProbability,
                    Picture = picture,
                    HeatMap = heatMap,
                });
            }
        }

        return drawn;
    }

    private static T[] Read<T>(Tensor values)
        where T : unmanaged => values.cpu().contiguous().data<T>().ToArray();

    private readonly record struct Score(int Image, int TrueClass, int Prediction, float TrueProbability, float PredictionProbability)
    {
        public bool IsCorrect => Prediction == TrueClass;
    }
}
