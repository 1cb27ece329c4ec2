using Microsoft.ML.Data;

namespace ResNet.MLNet;

// What lies between a network's input and its scores.
public sealed partial class ResNetModel
{
    // Made with the first activation map: it holds the weights a second time.
    private LayerSession? _places;

    /// <summary>
    /// The layers whose maps the network can give, in the order in which an image passes them, by torchvision's names: batch norms
    /// (<c>layer1.0.bn2</c>, before the ReLU or the addition that follows), blocks (<c>layer1.0</c>), stages (<c>layer1</c>),
    /// <c>relu</c> and <c>maxpool</c>. A convolution has no map of its own, because its batch norm is folded into it. Empty for a network
    /// from elsewhere that is used as it is.
    /// </summary>
    public IReadOnlyList<string> LayerNames =>
        Architecture is null ? [] : [.. NetworkGraph.LayersOf(Architecture).Select(each => each.Layer)];

    /// <summary>Opens the network for a look at what layers give for an image.</summary>
    /// <param name="layers">Names among <see cref="LayerNames"/>, at least one.</param>
    /// <returns>The layers, which hold the weights a second time until they are disposed.</returns>
    /// <exception cref="ArgumentException">There is no such layer, or none is named.</exception>
    /// <exception cref="InvalidDataException">The model file cannot be loaded, is damaged, or was written since it was opened.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public ResNetLayers OpenLayers(params IReadOnlyList<string> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        ThrowIfDisposed(_disposed);
        if (layers.Count == 0) throw new ArgumentException("No layer is named.", nameof(layers));
        var known = Architecture is null ? [] : NetworkGraph.LayersOf(Architecture).ToDictionary(each => each.Layer, each => each.Value);
        var values = layers.Select(name => known.TryGetValue(name, out var value) ? value : throw UnknownLayer(name)).ToList();
        var session = new LayerSession(File, _device, model => LayerGraph.SetOutputs(model, values));
        return new(session, [.. layers], Preprocessing, _limits);
    }

    /// <summary>Where in an image file the network sees a class. May be called from many threads at once.</summary>
    /// <param name="imagePath">The file (JPEG, PNG, BMP, GIF, WebP).</param>
    /// <param name="classIndex">The class, from 0; null (default) for the most probable one.</param>
    /// <exception cref="InvalidImageException">The image cannot be read; the message names it.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    /// <exception cref="ArgumentException">The model has no classes.</exception>
    /// <exception cref="InvalidDataException">
    /// The network, which is from elsewhere, does not end in a global average pool; or the model file cannot be loaded, is damaged, or was
    /// written since it was opened.
    /// </exception>
    /// <remarks>The first call loads the weights a second time; they stay until the model is disposed.</remarks>
    public ActivationMap ActivationMap(string imagePath, int? classIndex = null)
    {
        ArgumentNullException.ThrowIfNull(imagePath);
        return ActivationMap(new ImageInput(imagePath), classIndex);
    }

    /// <summary>Where in an encoded image the network sees a class. May be called from many threads at once.</summary>
    /// <param name="encodedImage">The bytes of an image file.</param>
    /// <param name="classIndex">The class, from 0; null (default) for the most probable one.</param>
    /// <inheritdoc cref="ActivationMap(string, int?)"/>
    public ActivationMap ActivationMap(ReadOnlyMemory<byte> encodedImage, int? classIndex = null) =>
        ActivationMap(new ImageInput(encodedImage), classIndex);

    /// <summary>Where in decoded pixels the network sees a class. May be called from many threads at once.</summary>
    /// <param name="image">The image (Rgba32 or Bgra32), which stays the caller's.</param>
    /// <param name="classIndex">The class, from 0; null (default) for the most probable one.</param>
    /// <inheritdoc cref="ActivationMap(string, int?)"/>
    public ActivationMap ActivationMap(MLImage image, int? classIndex = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        return ActivationMap(new ImageInput(image), classIndex);
    }

    private ActivationMap ActivationMap(ImageInput image, int? classIndex)
    {
        var classes = ClassCount ?? throw new ArgumentException("The model has no classes, so there is none to see in an image.");
        if (classIndex is { } given && (uint)given >= (uint)classes)
            throw new ArgumentOutOfRangeException(nameof(classIndex), given, $"The model has the classes 0 to {classes - 1}.");
        var preparer = new ImagePreparer(Preprocessing, _limits);
        var input = new float[preparer.Length];
        var crop = preparer.Crop(image);
        preparer.ToPlanes(crop, input);
        if (Places().Run(input, Preprocessing.Crop) is not [var probabilities, var logits, { Shape: [_, _, var height, var width] }])
            throw new InvalidOperationException("The network gives other outputs than were asked for.");
        var index = classIndex ?? Scores.ArgMax(probabilities.Values);
        var heat = new float[height * width];
        for (var place = 0; place < heat.Length; place++) heat[place] = logits.Values[place * classes + index];
        var prediction = new ClassPrediction(LabelOf(index), probabilities.Values[index]) { Index = index };
        return new(prediction, new(heat, height, width), crop.Bytes.ToArray(), Preprocessing.Crop);
    }

    private LayerSession Places()
    {
        lock (_lock)
        {
            ThrowIfDisposed(_disposed);
            return _places ??= new(File, _device, model =>
            {
                if (FeatureCount is not { } features) throw new InvalidDataException("The network gives no features, so it has no places.");
                var map = LayerGraph.AddPlaces(model, features);
                return LayerGraph.SetOutputs(model, [ModelFile.ProbabilitiesName, LayerGraph.PlaceLogits, map]);
            });
        }
    }

    private ArgumentException UnknownLayer(string name)
    {
        if (Architecture is null)
            return new($"The network is from elsewhere and used as it is, so its layers have no names here, '{name}' neither.");
        return new($"{Architecture.Name} has no layer '{name}'. It has {string.Join(", ", LayerNames)}.");
    }
}
