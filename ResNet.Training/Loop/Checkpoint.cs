using System.Text.Json;
using ResNet.MLNet;

namespace ResNet.Training;

/// <summary>Where a run stands, so that it can go on from here.</summary>
internal sealed record TrainingState
{
    /// <summary>The epoch, from 0, and the next batch of it.</summary>
    public int Epoch { get; init; }

    public int Batch { get; init; }

    /// <summary>Sums over the epoch's images so far.</summary>
    public double LossSum { get; init; }

    public long Correct { get; init; }

    public long Seen { get; init; }

    /// <summary>Time spent so far, in the run and on the epoch's training part.</summary>
    public double Seconds { get; init; }

    public double EpochSeconds { get; init; }

    public IReadOnlyList<EpochMetrics> History { get; init; } = [];
}

/// <summary>
/// A safetensors file with the network's weights under their own names, the optimizer's memory behind a prefix, and the rest as JSON in the
/// metadata: one file, so that its parts always fit together.
/// </summary>
internal sealed record Checkpoint(StateDict Tensors, TrainingState State, string Identity)
{
    public const string FileName = "last.safetensors", OptimizerPrefix = "optimizer.";
    private const string StateEntry = "resnet.training.state", IdentityEntry = "resnet.training.run";

    public void Write(string path) => SafeTensors.Write(path, Tensors, new Dictionary<string, string>
    {
        [StateEntry] = JsonSerializer.Serialize(State),
        [IdentityEntry] = Identity,
    });

    /// <summary>Reads a checkpoint of the same run.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">What the run is: architecture, recipe and data.</param>
    /// <exception cref="InvalidDataException">It is no checkpoint, or one of another run.</exception>
    public static Checkpoint Read(string path, string identity)
    {
        var (tensors, metadata) = SafeTensors.Read(path);
        if (!metadata.TryGetValue(StateEntry, out var state) || !metadata.TryGetValue(IdentityEntry, out var written))
            throw new InvalidDataException($"'{path}' is no checkpoint of a training run.");
        if (written != identity)
            throw new InvalidDataException($"'{path}' is the checkpoint of another run, so this one cannot go on from it. It was: {written}. This is: {identity}.");
        return new(tensors, JsonSerializer.Deserialize<TrainingState>(state) ?? throw new InvalidDataException($"'{path}' has no state."), identity);
    }
}
