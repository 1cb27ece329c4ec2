using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// What is minimized, as a recipe says: cross-entropy or binary cross-entropy, with class weights, label smoothing, logit adjustment and a
/// teacher. Targets are [batch] class numbers (int64), or [batch, classes] yes (1) and no (0) where images have several labels (float32).
/// </summary>
internal sealed class TrainingLoss : IDisposable
{
    private readonly TrainingRecipe _recipe;
    private readonly Tensor? _adjustment;

    /// <param name="recipe">The recipe.</param>
    /// <param name="classCounts">The number of training images of each class; null where no part of the recipe needs it.</param>
    /// <param name="device">Where it is computed.</param>
    public TrainingLoss(TrainingRecipe recipe, IReadOnlyList<int>? classCounts, Device device)
    {
        _recipe = recipe;
        if (classCounts is null) return;
        if (recipe.ClassWeighting == ClassWeighting.Balanced) ClassWeights = Balance(classCounts, device);
        if (recipe.LogitAdjustment > 0) _adjustment = Adjust(classCounts, recipe.LogitAdjustment, device);
    }

    /// <summary>[classes] how much each class counts; null for alike.</summary>
    public Tensor? ClassWeights { get; }

    /// <summary>The same loss for a classifier that is fitted to features, without label smoothing and teacher.</summary>
    /// <param name="classes">The number of classes.</param>
    public RegressionTask Regression(int classes) =>
        new(classes, _recipe.Loss == LossFunction.BinaryCrossEntropy, ClassWeights, _adjustment);

    /// <summary>The mean loss of some images.</summary>
    /// <param name="logits">[batch, classes].</param>
    /// <param name="targets">What they are compared with.</param>
    public Tensor Of(Tensor logits, Tensor targets)
    {
        if (_adjustment is not null) logits = logits.add(_adjustment, Scalars.One);
        return _recipe.Loss == LossFunction.BinaryCrossEntropy
            ? BinaryOf(logits, targets)
            : nn.functional.cross_entropy(logits, targets, ClassWeights, label_smoothing: _recipe.LabelSmoothing);
    }

    /// <summary>
    /// The share that some images of a batch have in its mean loss, so that the shares of all add up to it. Where images are mixed with the
    /// ones before them, the losses against both targets are, in the same proportion.
    /// </summary>
    /// <param name="logits">[end - start, classes] of these images.</param>
    /// <param name="targets">Those of the whole batch.</param>
    /// <param name="mixture">How the batch is mixed; null for not at all.</param>
    /// <param name="start">The first of these images.</param>
    /// <param name="end">The one after the last.</param>
    public Tensor ShareOf(Tensor logits, Tensor targets, Mixture? mixture, long start, long end)
    {
        var loss = ShareOf(logits, targets, start, end);
        if (mixture is not { } shares) return loss;
        using var own = shares.Own.ToScalar();
        using var rest = (1 - shares.Own).ToScalar();
        return loss.mul(own).add(ShareOf(logits, targets.roll(1, 0), start, end), alpha: rest);
    }

    /// <summary>
    /// A loss against the classes and the one against a teacher, in the shares of the recipe: the divergence of the student's probabilities
    /// from the teacher's at a temperature (Hinton et al. 2015), of the choice of one class or of each yes and no; 0 where they are equal.
    /// </summary>
    /// <param name="loss">The loss against the classes: the share of these images in the batch.</param>
    /// <param name="logits">[images, classes] the student's.</param>
    /// <param name="wanted">[images, classes] the teacher's.</param>
    /// <param name="share">How many of the batch's images these are, 0 to 1.</param>
    public Tensor WithTeacher(Tensor loss, Tensor logits, Tensor wanted, double share)
    {
        var (temperature, weight) = (_recipe.Distillation!.Temperature, _recipe.Distillation.Weight);
        using var cooled = (1 / temperature).ToScalar();
        using var own = (1 - weight).ToScalar();
        using var taught = (weight * temperature * temperature * share).ToScalar();
        var (student, teacher) = (logits.mul(cooled), wanted.mul(cooled));
        var distance = _recipe.Loss == LossFunction.BinaryCrossEntropy ? Binary(student).sub(Binary(teacher)) : Divergence();
        return loss.mul(own).add(distance.sum(1).mean(), alpha: taught);

        Tensor Binary(Tensor scores) =>
            nn.functional.binary_cross_entropy_with_logits(scores, teacher.sigmoid(), reduction: nn.Reduction.None);

        Tensor Divergence()
        {
            var log = teacher.log_softmax(1);
            return log.exp().mul(log.sub(student.log_softmax(1)));
        }
    }

    /// <summary>
    /// The sum of the losses of images that the network is measured with: of the plain logits against the plain targets, so that figures
    /// of different recipes can be compared.
    /// </summary>
    /// <param name="logits">[batch, classes].</param>
    /// <param name="targets">What they are compared with.</param>
    /// <param name="function">The recipe's loss.</param>
    public static Tensor PlainSum(Tensor logits, Tensor targets, LossFunction function) => function == LossFunction.BinaryCrossEntropy
        ? nn.functional.binary_cross_entropy_with_logits(logits, Dense(targets, logits), reduction: nn.Reduction.Sum)
        : nn.functional.cross_entropy(logits, targets, reduction: nn.Reduction.Sum);

    /// <summary>
    /// The number of images that are predicted correctly, in the scores as they are: the best one is of the image's class, or just those
    /// of its labels are above one half.
    /// </summary>
    public static Tensor CountCorrect(Tensor logits, Tensor targets)
    {
        if (!IsMultiLabel(targets)) return logits.argmax(1).eq(targets).sum();
        using var zero = 0.ToScalar();
        return logits.gt(zero).eq(targets.gt(zero)).all(1).sum();
    }

    public void Dispose()
    {
        ClassWeights?.Dispose();
        _adjustment?.Dispose();
    }

    private static bool IsMultiLabel(Tensor targets) => targets.dim() == 2;

    /// <summary>[batch, classes] yes or no for each class.</summary>
    private static Tensor Dense(Tensor targets, Tensor logits) =>
        IsMultiLabel(targets) ? targets : nn.functional.one_hot(targets, logits.shape[1]).to(float32);

    private static Tensor Balance(IReadOnlyList<int> counts, Device device)
    {
        var total = (double)counts.Sum();
        return tensor([.. counts.Select(count => count == 0 ? 1f : (float)(total / (counts.Count * count)))], device: device);
    }

    private static Tensor Adjust(IReadOnlyList<int> counts, double strength, Device device)
    {
        var total = (double)counts.Sum(count => Math.Max(1, count));
        return tensor([.. counts.Select(count => (float)(strength * Math.Log(Math.Max(1, count) / total)))], device: device);
    }

    private Tensor ShareOf(Tensor logits, Tensor targets, long start, long end)
    {
        var count = targets.shape[0];
        var part = targets.narrow(0, start, end - start);
        var mean = Of(logits, part);
        if (end - start == count) return mean;
        // The mean is by the weights of the classes where they have some.
        if (ClassWeights is not null)
        {
            var weightOfAll = ClassWeights.index_select(0, targets).sum();
            return mean.mul(ClassWeights.index_select(0, part).sum().div(weightOfAll));
        }

        using var share = ((double)(end - start) / count).ToScalar();
        return mean.mul(share);
    }

    /// <summary>Added up over the classes, and averaged over the images by the weights of their classes.</summary>
    private Tensor BinaryOf(Tensor logits, Tensor targets)
    {
        var wanted = Smooth(Dense(targets, logits), IsMultiLabel(targets));
        var losses = nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction: nn.Reduction.None).sum(1);
        if (ClassWeights is null) return losses.mean();
        var weights = ClassWeights.index_select(0, targets);
        return losses.mul(weights).sum().div(weights.sum());
    }

    /// <summary>Towards even: among all classes where one is right (as timm does), between yes and no where each is a question.</summary>
    private Tensor Smooth(Tensor wanted, bool isMultiLabel)
    {
        if (_recipe.LabelSmoothing == 0) return wanted;
        using var kept = (1 - _recipe.LabelSmoothing).ToScalar();
        using var spread = (_recipe.LabelSmoothing / (isMultiLabel ? 2 : wanted.shape[1])).ToScalar();
        return wanted.mul(kept).add_(ones_like(wanted), alpha: spread);
    }
}
