namespace ResNet.Training;

/// <summary>What becomes of a training run when an image cannot be read.</summary>
public enum BadTrainingImagePolicy
{
    /// <summary>The image is named in the progress and left out.</summary>
    Skip,

    /// <summary>The run ends with an <see cref="InvalidImageException"/> that names the image.</summary>
    Throw,
}
