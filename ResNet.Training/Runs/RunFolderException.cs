namespace ResNet.Training;

/// <summary>
/// A run cannot begin or go on in its output folder: another run works there, the folder holds a run, or it has files of a run's names
/// that no run made. Nothing was changed. The message names the files and says what to do.
/// </summary>
public sealed class RunFolderException : IOException
{
    internal RunFolderException(string message, bool holdsRun = false)
        : base(message) => HoldsRun = holdsRun;

    /// <summary>Whether the folder holds a run that <see cref="ExistingRun.Resume"/> continues or replaces nothing of.</summary>
    public bool HoldsRun { get; }
}
