namespace ResNet.Training;

/// <summary>What a run is doing.</summary>
public enum TrainingPhase
{
    /// <summary>Training on the training images.</summary>
    Training,

    /// <summary>Measuring the network on the validation images.</summary>
    Validating,

    /// <summary>Computing the frozen network's features of the training images, for the new head.</summary>
    Featurizing,

    /// <summary>Training the new head on these features; batches are then the head's epochs.</summary>
    TrainingHead,

    /// <summary>Computing the mean image of the training images, for a recipe with a mean for each pixel.</summary>
    ComputingMean,

    /// <summary>Trying on folds of the training images whether fine-tuning helps; batches are those of all folds.</summary>
    TryingFolds,
}
