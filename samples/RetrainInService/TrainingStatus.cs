using System.Text.Json;

namespace RetrainInService;

/// <summary>What is going on, and what was.</summary>
/// <param name="IsTraining">Whether a network is trained now.</param>
/// <param name="Phase">What the training is doing; null without one.</param>
/// <param name="Done">The share of it that is done, 0 to 1.</param>
/// <param name="SecondsLeft">The time that it will still take, in seconds, at the pace so far.</param>
/// <param name="Pictures">The number of pictures that there are now.</param>
/// <param name="History">The trainings that ended, the last one last.</param>
internal sealed record TrainingStatus(
    bool IsTraining, string? Phase, double Done, double SecondsLeft, int Pictures, IReadOnlyList<PastTraining> History);

/// <summary>A training that ended.</summary>
internal sealed record PastTraining
{
    public DateTimeOffset Ended { get; init; }

    /// <summary>The number of pictures that there were when it began.</summary>
    public int Pictures { get; init; }

    /// <summary>The number of pictures that both networks were evaluated on.</summary>
    public int ValidationPictures { get; init; }

    /// <summary>How many of them the new network classified correctly.</summary>
    public int Correct { get; init; }

    /// <summary>How many of them the network in use before classified correctly; null if there was none.</summary>
    public int? CorrectBefore { get; init; }

    /// <summary>Whether the new network came into use.</summary>
    public bool IsUsed { get; init; }

    /// <summary>Why the training failed; null if it did not.</summary>
    public string? Problem { get; init; }
}

/// <summary>The trainings that ended, in a file.</summary>
internal sealed class TrainingHistory(string file)
{
    private volatile IReadOnlyList<PastTraining> _all = File.Exists(file)
        ? JsonSerializer.Deserialize<List<PastTraining>>(File.ReadAllText(file), JsonSerializerOptions.Web)!
        : [];

    public IReadOnlyList<PastTraining> All => _all;

    public void Add(PastTraining training)
    {
        _all = [.. _all, training];
        WholeFile.Write(file, JsonSerializer.SerializeToUtf8Bytes(_all, JsonSerializerOptions.Web));
    }
}
