namespace ResNet.MLNet;

/// <summary>What happens to a row whose image cannot be read.</summary>
public enum BadImagePolicy
{
    /// <summary>An <see cref="InvalidImageException"/> that names row and file ends the pass.</summary>
    Throw,

    /// <summary>
    /// The row's vector is NaN and its predicted label missing; the pass goes on, and the log gets the number and the first names of such
    /// images.
    /// </summary>
    Mark,
}
