using ResNet.MLNet;

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

/// <summary>What to train, on what, and where to put it.</summary>
public sealed record TrainingOptions
{
    /// <summary>The network. Its number of classes is the data's, whatever it says.</summary>
    public required ResNetArchitecture Architecture { get; init; }

    /// <summary>The images.</summary>
    public required TrainingData Data { get; init; }

    /// <summary>How it is trained.</summary>
    public required TrainingRecipe Recipe { get; init; }

    /// <summary>
    /// Receives <c>model.onnx</c>, <c>last.safetensors</c> (the checkpoint) and <c>metrics.csv</c> (a line an epoch). Made if need be.
    /// </summary>
    public required string OutputFolder { get; init; }

    /// <summary>What happens if that folder holds a run already. Default: an exception.</summary>
    public ExistingRun IfExists { get; init; }

    /// <summary>Where to train: <c>auto</c> (default: the first CUDA device, else the CPU), <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Threads that decode images ahead of the step; has no influence on the result. Default: the number of processors, at most 16.</summary>
    public int Workers { get; init; } = Math.Min(Environment.ProcessorCount, 16);

    /// <summary>How much work a power cut may cost: a checkpoint is written after this time and after each epoch. Default: five minutes.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What the data is called in the model card. Default: null, not named.</summary>
    public string? DataName { get; init; }
}
