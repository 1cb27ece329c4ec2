namespace ResNet.Training;

/// <summary>What happens if the output folder holds a run already.</summary>
public enum ExistingRun
{
    /// <summary>An exception; nothing is touched.</summary>
    Refuse,

    /// <summary>The run goes on where its checkpoint was written; without one a new run begins.</summary>
    Resume,

    /// <summary>The run is replaced.</summary>
    Overwrite,
}
