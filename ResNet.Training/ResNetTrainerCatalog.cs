using ResNet.Training;

namespace Microsoft.ML;

/// <summary>Residual networks in <c>mlContext.MulticlassClassification.Trainers</c>.</summary>
public static class ResNetTrainerCatalog
{
    /// <summary>Trains a ResNet on a column of images.</summary>
    /// <param name="catalog">The catalog of trainers.</param>
    /// <param name="labelColumnName">
    /// The column of classes: a key or text, or a vector of text where an image has any number of labels. Default: Label.
    /// </param>
    /// <param name="inputColumnName">
    /// The column of images: text (a path), a vector of bytes (an encoded image) or MLImage. Null (default): the one of ImagePath, Image
    /// and ImageBytes that is there.
    /// </param>
    /// <param name="scoreColumnName">
    /// The column of scores that the transformer makes: the probability of each class, 0 to 1. Default: Score.
    /// </param>
    /// <param name="predictedLabelColumnName">
    /// The column of the best class that the transformer makes, a key with the names of the classes (of any number of labels: a vector of
    /// text); null for none. Default: PredictedLabel.
    /// </param>
    /// <param name="startFrom">
    /// A trained network that is fine-tuned for these classes: published weights by name (<see cref="PretrainedResNet.All"/>; fetched if
    /// they are not here), a model file or a checkpoint. Null (default): the best that is on this machine for the images
    /// (<see cref="DefaultStart.Choose"/>); nothing is downloaded, and the log says what was chosen and why.
    /// </param>
    /// <param name="architecture">
    /// The network, from random weights unless <paramref name="startFrom"/> names trained ones; null (default) for that of what the run
    /// starts from.
    /// </param>
    /// <param name="epochs">
    /// How often every image is shown; null (default) for 30 from random weights, and 20 from a trained network.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">
    /// ONNX Runtime, with which the trained network scores, is missing or too old (<see cref="ResNet.MLNet.OnnxRuntimeLibrary"/>).
    /// </exception>
    public static ResNetTrainer ResNet(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog,
        string labelColumnName = "Label",
        string? inputColumnName = null,
        string scoreColumnName = "Score",
        string? predictedLabelColumnName = "PredictedLabel",
        string? startFrom = null,
        ResNetArchitecture? architecture = null,
        int? epochs = null)
    {
        return catalog.ResNet(new ResNetTrainer.Options
        {
            LabelColumnName = labelColumnName,
            InputColumnName = inputColumnName,
            ScoreColumnName = scoreColumnName,
            PredictedLabelColumnName = predictedLabelColumnName,
            StartFrom = startFrom,
            Architecture = architecture,
            Epochs = epochs,
        });
    }

    /// <summary>Trains a ResNet on a column of images.</summary>
    /// <param name="catalog">The catalog of trainers.</param>
    /// <param name="options">What it is trained on, and how.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="InvalidOperationException">
    /// ONNX Runtime, with which the trained network scores, is missing or too old (<see cref="ResNet.MLNet.OnnxRuntimeLibrary"/>).
    /// </exception>
    public static ResNetTrainer ResNet(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, ResNetTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new(MLNetInternals.EnvironmentOf(catalog), options);
    }
}
