using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// Layers of a network, ready to run (<see cref="ResNetModel.OpenLayers"/>). It computes only what they need and has weights of its own in
/// memory; it stays usable when the model is disposed. One instance serves many threads.
/// </summary>
public sealed class ResNetLayers : IDisposable
{
    private readonly LayerSession _session;
    private readonly ImagePreprocessing _preprocessing;
    private readonly ImageLimits _limits;

    internal ResNetLayers(LayerSession session, IReadOnlyList<string> names, ImagePreprocessing preprocessing, ImageLimits limits)
    {
        _session = session;
        _preprocessing = preprocessing;
        _limits = limits;
        Names = names;
    }

    /// <summary>The layers, in the order of <see cref="Run(string)"/>'s results.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Runs the network on an image file.</summary>
    /// <param name="imagePath">The file (JPEG, PNG, BMP, GIF, WebP).</param>
    /// <returns>A map for each of <see cref="Names"/>.</returns>
    /// <exception cref="InvalidImageException">The image cannot be read; the message names it.</exception>
    /// <exception cref="InvalidDataException">The network gives a value that is not finite.</exception>
    public IReadOnlyList<FeatureMap> Run(string imagePath)
    {
        ArgumentNullException.ThrowIfNull(imagePath);
        return Run(new ImageInput(imagePath));
    }

    /// <summary>Runs the network on an encoded image.</summary>
    /// <param name="encodedImage">The bytes of an image file.</param>
    /// <inheritdoc cref="Run(string)"/>
    public IReadOnlyList<FeatureMap> Run(ReadOnlyMemory<byte> encodedImage) => Run(new ImageInput(encodedImage));

    /// <summary>Runs the network on decoded pixels.</summary>
    /// <param name="image">The image (Rgba32 or Bgra32), which stays the caller's.</param>
    /// <inheritdoc cref="Run(string)"/>
    public IReadOnlyList<FeatureMap> Run(MLImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Run(new ImageInput(image));
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => _session.Dispose();

    private FeatureMap[] Run(ImageInput image)
    {
        var preparer = new ImagePreparer(_preprocessing, _limits);
        var pixels = new float[preparer.Length];
        preparer.Prepare(image, pixels);
        return
        [
            .. _session.Run(pixels, _preprocessing.Crop).Zip(Names, (map, name) =>
                new FeatureMap(name, map.Values, map.Shape[1], map.Shape[2], map.Shape[3])),
        ];
    }
}
