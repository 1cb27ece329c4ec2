using static TorchSharp.torch;

namespace ResNet.Training;

/// <content>What a checkpoint holds of a step: the weights, the optimizer's memory and the averaged weights, written and read side by
/// side.</content>
internal sealed partial class TrainingStep
{
    private const string MemoryPrefix = WeightFile.CompanionPrefix, AveragePrefix = WeightFile.AveragePrefix;
    private const string StartPrefix = $"{MemoryPrefix}start.";

    /// <summary>Where the moving average lies: where readers look for what is evaluated, if it is that.</summary>
    private string MovingPrefix => FromStart is null ? AveragePrefix : $"{MemoryPrefix}moving.";

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
            Parameters.CopyTo(tensors, average.Weights, MovingPrefix);
            Parameters.CopyStatisticsTo(tensors, average.Statistics, MovingPrefix);
        }

        if (FromStart is not { } start) return tensors;
        Parameters.CopyTo(tensors, start.Start, StartPrefix);
        Parameters.CopyStatisticsTo(tensors, start.StartStatistics, StartPrefix);
        if (start.TrainedShare == 1 && Average is null) return tensors;
        // What is evaluated, for readers of the checkpoint.
        ExchangeAverages();
        Parameters.CopyTo(tensors, Parameters.Weights, AveragePrefix);
        Parameters.CopyStatisticsTo(tensors, Parameters.Statistics, AveragePrefix);
        ExchangeAverages();
        return tensors;
    }

    /// <summary>Takes over what <see cref="WriteState"/> gave.</summary>
    public void ReadState(StateDict tensors)
    {
        Network.Load(WeightsIn(tensors));
        foreach (var (name, values) in Optimizer.Memory) Parameters.CopyFrom(tensors, values, $"{MemoryPrefix}{name}.");
        if (Average is { } average)
        {
            Parameters.CopyFrom(tensors, average.Weights, MovingPrefix);
            Parameters.CopyStatisticsFrom(tensors, average.Statistics, MovingPrefix);
        }

        if (FromStart is not { } start) return;
        Parameters.CopyFrom(tensors, start.Start, StartPrefix);
        Parameters.CopyStatisticsFrom(tensors, start.StartStatistics, StartPrefix);
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
