using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Trains a network's classifier on features that are computed already: multinomial logistic regression by AdamW. Features are
/// standardized for the purpose, and the classifier that is put into the network has that folded in.
/// </summary>
internal static class HeadTrainer
{
    private const int OrderPurpose = 4, BatchSize = 256;
    private const double LearningRate = 0.01, WeightDecay = 0.05, SmallestDeviation = 1e-3;

    /// <summary>Trains.</summary>
    /// <param name="features">[images, features] float32.</param>
    /// <param name="targets">[images] int64.</param>
    /// <param name="classifier">Receives the weights.</param>
    /// <param name="recipe">Says epochs and seed.</param>
    /// <param name="loss">What is minimized.</param>
    /// <param name="report">Receives each epoch: its number from 1, mean loss, share of correct predictions. May throw to stop.</param>
    public static void Train(
        Tensor features, Tensor targets, Linear classifier, TrainingRecipe recipe, TrainingLoss loss, Action<int, double, double> report)
    {
        using var scope = NewDisposeScope();
        var epochs = recipe.FineTuning!.HeadEpochs;
        var (mean, deviation) = (features.mean([0], keepdim: true), features.std(0, unbiased: false, keepdim: true));
        using var smallest = SmallestDeviation.ToScalar();
        deviation.clamp_min_(smallest);
        var inputs = features.sub(mean).div_(deviation);
        using var head = nn.Linear(features.shape[1], classifier.out_features, device: features.device);
        using (no_grad())
        {
            head.weight.zero_();
            head.bias!.zero_();
        }

        using var parameters = new FlatParameters(head, decayNormAndBias: false);
        using var optimizer = new Optimizer.AdamW().Start(parameters, WeightDecay);
        var schedule = new LearningRateSchedule.Cosine();
        var (images, steps) = (targets.shape[0], (targets.shape[0] + BatchSize - 1) / BatchSize);
        using var losses = zeros(1, float64, features.device);
        using var correct = zeros(1, int64, features.device);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            var order = Enumerable.Range(0, (int)images).Select(index => (long)index).ToArray();
            new SeededRandom(recipe.Seed, OrderPurpose, epoch).Shuffle(order.AsSpan());
            losses.zero_();
            correct.zero_();
            for (var step = 0; step < steps; step++)
            {
                using var inner = NewDisposeScope();
                var (start, end) = (images * step / steps, images * (step + 1) / steps);
                var chosen = tensor(order[(int)start..(int)end], device: features.device);
                var wanted = targets.index_select(0, chosen);
                var logits = head.forward(inputs.index_select(0, chosen));
                var batchLoss = loss.Of(logits, wanted);
                batchLoss.backward();
                var before = epoch * steps + step;
                var rate = LearningRate * schedule.FactorAt((double)before / (epochs * steps), []);
                optimizer.Step(before + 1, _ => rate);
                using var _ = no_grad();
                using var count = (end - start).ToScalar();
                losses.add_(batchLoss.detach().to(float64), count);
                correct.add_(TrainingLoss.CountCorrect(logits, wanted), Scalars.One);
            }

            report(epoch + 1, losses.item<double>() / images, (double)correct.item<long>() / images);
        }

        using var none = no_grad();
        // w (x - m) / s + b = (w / s) x + (b - (w / s) m)
        var weight = head.weight.div(deviation);
        classifier.weight.copy_(weight);
        classifier.bias!.copy_(head.bias!.sub(weight.matmul(mean.squeeze(0))));
    }
}
