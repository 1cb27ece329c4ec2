using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace ResNet.Training;

/// <summary>
/// A safetensors file with the network's weights under their own names, the optimizer's memory and the averaged weights behind a prefix,
/// and the rest as JSON in the metadata: one file, so that its parts always fit together. Without a state it is a network alone, as the
/// best epoch's.
/// </summary>
internal sealed record Checkpoint(StateDict Tensors, TrainingState? State, string Identity, ModelCard Card)
{
    /// <summary>The entry of a file's metadata that says which run it is of.</summary>
    public const string IdentityEntry = "resnet.training.run";

    private const string StateEntry = "resnet.training.state";

    // Also where JSON by reflection is off, as in applications of one file.
    private static readonly JsonSerializerOptions Format = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    public void Write(string path)
    {
        Dictionary<string, string> metadata = new() { [IdentityEntry] = Identity, [ModelCard.MetadataKey] = Card.ToJson() };
        if (State is not null) metadata[StateEntry] = JsonSerializer.Serialize(State, Format);
        WeightFile.Write(path, Tensors, metadata);
    }

    /// <summary>Reads a checkpoint of the same run.</summary>
    /// <param name="path">The file.</param>
    /// <param name="identity">What the run is.</param>
    /// <exception cref="InvalidDataException">It is not a checkpoint, or one of another run; the message says what differs.</exception>
    public static Checkpoint Read(string path, RunIdentity identity)
    {
        var checkpoint = Read(path);
        var differences = identity.DifferencesFrom(checkpoint.Identity);
        if (differences.Count == 0) return checkpoint;
        throw new InvalidDataException(
            $"'{path}' is the checkpoint of another run, so this one cannot go on from it. {string.Join("; ", differences)}.");
    }

    /// <summary>Reads a checkpoint of any run.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">It is not a checkpoint.</exception>
    public static Checkpoint Read(string path)
    {
        var (tensors, metadata) = WeightFile.ReadStored(path);
        if (!metadata.TryGetValue(IdentityEntry, out var written) || !metadata.TryGetValue(ModelCard.MetadataKey, out var card))
            throw new InvalidDataException($"'{path}' is not a checkpoint of a training run.");
        var state = metadata.TryGetValue(StateEntry, out var json) ? JsonSerializer.Deserialize<TrainingState>(json, Format) : null;
        return new(tensors, state, written, ModelCard.FromJson(card));
    }

    /// <summary>Whether a file is a checkpoint of some run.</summary>
    public static bool IsCheckpoint(string path)
    {
        try
        {
            Read(path);
            return true;
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException)
        {
            return false;
        }
    }

    /// <summary>What a file of weights says of its network, if it is a checkpoint of a run.</summary>
    public static ModelCard? CardOf(StoredWeights stored) =>
        stored.Metadata.TryGetValue(ModelCard.MetadataKey, out var card) ? ModelCard.FromJson(card) : null;
}
