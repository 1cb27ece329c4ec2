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

/// <summary>The results of folds that are done, each in a file.</summary>
/// <param name="folder">The folder of the files.</param>
/// <param name="identity">What run they are of; files of another run are ignored.</param>
internal sealed class FoldResults(string folder, string identity)
{
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
    }

    /// <summary>Deletes the files of a folder that this class writes.</summary>
    public static void Delete(string folder)
    {
        for (var fold = 0; File.Exists(PathOf(folder, fold)); fold++) File.Delete(PathOf(folder, fold));
    }

    private static string PathOf(string folder, int fold) => Path.Combine(folder, FormattableString.Invariant($"fold-{fold}.json"));

    private sealed record Content(string Identity, IReadOnlyList<FoldScore> Scores);
}
