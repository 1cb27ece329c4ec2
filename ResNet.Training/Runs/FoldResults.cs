using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ResNet.Training;

/// <summary>How a share of the trained weights predicted images that were not trained on.</summary>
/// <param name="Share">The share, 0 to 1.</param>
/// <param name="Images">The number of images.</param>
/// <param name="Correct">How many were predicted correctly.</param>
/// <param name="Loss">The sum of their losses at the best temperature, in nats.</param>
internal sealed record FoldScore(double Share, int Images, long Correct, double Loss)
{
    /// <summary>In percent.</summary>
    [JsonIgnore]
    public double Accuracy => 100.0 * Correct / Math.Max(1, Images);

    /// <summary>In nats.</summary>
    [JsonIgnore]
    public double MeanLoss => Loss / Math.Max(1, Images);

    public static FoldScore operator +(FoldScore one, FoldScore other) =>
        one with { Images = one.Images + other.Images, Correct = one.Correct + other.Correct, Loss = one.Loss + other.Loss };
}

/// <summary>The results of folds that are done, each in a file, and where the fold stands that is being tried.</summary>
/// <param name="folder">The folder of the files.</param>
/// <param name="identity">What run they are of; files of another run are ignored.</param>
/// <param name="interval">The time between two checkpoints of a fold.</param>
internal sealed class FoldResults(string folder, string identity, TimeSpan interval)
{
    private const string StepsEntry = "resnet.training.fold.steps";

    private readonly Stopwatch _sinceCheckpoint = Stopwatch.StartNew();

    /// <summary>Whether it is time for a checkpoint.</summary>
    public bool IsCheckpointDue => _sinceCheckpoint.Elapsed > interval;

    /// <summary>The scores of a fold; null if it is not done.</summary>
    public IReadOnlyList<FoldScore>? Read(int fold)
    {
        var path = PathOf(folder, fold);
        if (!File.Exists(path)) return null;
        try
        {
            var content = JsonSerializer.Deserialize<Content>(RegularFile.ReadAllText(path), TrainingRecipe.Format);
            return content?.Identity == identity ? content.Scores : null;
        }
        catch (Exception problem) when (problem is JsonException or IOException or InvalidDataException)
        {
            return null; // It is computed again.
        }
    }

    /// <summary>Keeps the scores of a fold. A run whose folder cannot be written ends at its first checkpoint, with a message.</summary>
    public void Write(int fold, IReadOnlyList<FoldScore> scores)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(new Content(identity, scores), TrainingRecipe.Format);
        Directory.CreateDirectory(folder);
        AtomicFile.Write(PathOf(folder, fold), stream => stream.Write(json));
        File.Delete(CheckpointOf(folder, fold));
    }

    /// <summary>Where a fold stood when its run was stopped: the steps that are done, and what they changed; null if it begins.</summary>
    public (int Steps, StateDict Tensors)? ReadCheckpoint(int fold)
    {
        var path = CheckpointOf(folder, fold);
        if (!File.Exists(path)) return null;
        try
        {
            var (tensors, metadata) = WeightFile.ReadStored(path);
            if (metadata.GetValueOrDefault(Checkpoint.IdentityEntry) != identity) return null;
            return (int.Parse(metadata[StepsEntry], CultureInfo.InvariantCulture), tensors);
        }
        catch (Exception problem) when (problem is KeyNotFoundException or FormatException or IOException or InvalidDataException)
        {
            return null; // It begins again.
        }
    }

    /// <summary>Keeps where a fold stands.</summary>
    public void WriteCheckpoint(int fold, int steps, StateDict tensors)
    {
        Directory.CreateDirectory(folder);
        Dictionary<string, string> metadata = new()
        {
            [Checkpoint.IdentityEntry] = identity,
            [StepsEntry] = steps.ToString(CultureInfo.InvariantCulture),
        };
        WeightFile.Write(CheckpointOf(folder, fold), tensors, metadata);
        _sinceCheckpoint.Restart();
    }

    /// <summary>Deletes the files of a folder that this class writes.</summary>
    public static void Delete(string folder)
    {
        if (!Directory.Exists(folder)) return;
        for (var fold = 0; fold < FoldStage.Folds; fold++)
        {
            foreach (var file in new[] { PathOf(folder, fold), CheckpointOf(folder, fold) })
            {
                File.Delete(file);
                AtomicFile.DeleteHalfWritten(file);
            }
        }
    }

    private static string PathOf(string folder, int fold) => Path.Combine(folder, FormattableString.Invariant($"fold-{fold}.json"));

    private static string CheckpointOf(string folder, int fold) => Path.ChangeExtension(PathOf(folder, fold), ".safetensors");

    private sealed record Content(string Identity, IReadOnlyList<FoldScore> Scores);
}
