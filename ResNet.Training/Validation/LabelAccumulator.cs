using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Collects the probabilities of images of any number of labels: <see cref="MultiLabelMetrics"/> rank all images by them.
/// </summary>
internal sealed class LabelAccumulator(int classes, Device device) : MetricsAccumulator(LossFunction.BinaryCrossEntropy, device)
{
    private readonly List<float> _probabilities = [], _labels = [];

    public override Evaluation Read() => new(null, MultiLabelMetrics.Measure(_probabilities, _labels, classes, Loss));

    private protected override void AddScores(Tensor logits, Tensor targets)
    {
        _probabilities.AddRange(logits.sigmoid().cpu().contiguous().data<float>());
        _labels.AddRange(targets.cpu().contiguous().data<float>());
    }
}
