using static TorchSharp.torch;

namespace ResNet.Training;

/// <content>What a checkpoint holds of a step: the weights, the optimizer's memory and the averaged weights, written and read side by
/// side.</content>
internal sealed partial class TrainingStep
{
    private const string MemoryPrefix = WeightFile.CompanionPrefix, AveragePrefix = WeightFile.AveragePrefix;

    /// <summary>Whether all values that a checkpoint has to hold are finite. Waits for the device.</summary>
    public bool IsFinite()
    {
        using var scope = NewDisposeScope();
        return Values().All(values => values.isfinite().all().item<bool>());
    }

    /// <summary>
    /// A copy of the state: the network's weights by their own names, the rest behind <see cref="WeightFile.CompanionPrefix"/>.
    /// </summary>
    public StateDict WriteState()
    {
        using var scope = NewDisposeScope();
        var tensors = Network.ToStateDict();
        foreach (var (name, values) in Optimizer.Memory) Parameters.CopyTo(tensors, values, $"{MemoryPrefix}{name}.");
        if (Average is { } average)
        {
            Parameters.CopyTo(tensors, average.Weights, AveragePrefix);
            Parameters.CopyStatisticsTo(tensors, average.Statistics, AveragePrefix);
        }

        return tensors;
    }

    /// <summary>Takes over what <see cref="WriteState"/> gave.</summary>
    public void ReadState(StateDict tensors)
    {
        Network.Load(WeightsIn(tensors));
        foreach (var (name, values) in Optimizer.Memory) Parameters.CopyFrom(tensors, values, $"{MemoryPrefix}{name}.");
        if (Average is { } average)
        {
            Parameters.CopyFrom(tensors, average.Weights, AveragePrefix);
            Parameters.CopyStatisticsFrom(tensors, average.Statistics, AveragePrefix);
        }
    }

    private StateDict WeightsIn(StateDict tensors)
    {
        var weights = new StateDict();
        foreach (var spec in Network.Architecture.Tensors) weights.Add(spec.Name, tensors[spec.Name]);
        return weights;
    }

    private IEnumerable<Tensor> Values()
    {
        yield return Parameters.Weights;
        yield return Parameters.Statistics;
        foreach (var (_, values) in Optimizer.Memory) yield return values;
        if (Average is not { } average) yield break;
        yield return average.Weights;
        yield return average.Statistics;
    }
}
