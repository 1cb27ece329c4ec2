namespace ResNet.Training;

/// <summary>How far a search is. Reported a few times a second from the calling thread.</summary>
public sealed class TuningProgress
{
    /// <summary>The round, from 1 to 3; the standard recipe is tried in all of them first.</summary>
    public int Round { get; init; }

    /// <summary>What is tried, in words.</summary>
    public string Candidate { get; init; } = "";

    /// <summary>What the trial is doing; null for reports between trials.</summary>
    public TrainingProgress? Trial { get; init; }

    /// <summary>How long the search has gone on, resumed parts added up.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The share of the time that is used, 0 to 1.</summary>
    public double Fraction { get; init; }

    /// <summary>A recipe that was tried now in this round; null for most reports. Its rank is not known yet, and 0.</summary>
    public TuningTrial? Completed { get; init; }

    /// <summary>Something that the user should know; null for most reports.</summary>
    public string? Message { get; init; }
}
