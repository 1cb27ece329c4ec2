using ResNet.MLNet;
using ResNet.Training;

namespace Microsoft.ML;

/// <summary>Residual networks in <c>mlContext.MulticlassClassification.Trainers</c>.</summary>
public static class ResNetTrainerCatalog
{
    /// <summary>Trains a ResNet on a column of images.</summary>
    /// <param name="catalog">The catalogue of trainers.</param>
    /// <param name="labelColumnName">The column of classes: a key or text. Default: Label.</param>
    /// <param name="inputColumnName">
    /// The column of images: text (a path), a vector of bytes (an encoded image) or MLImage. Null (default): the one of ImagePath, Image and ImageBytes that is there.
    /// </param>
    /// <param name="architecture">The network; null (default) for ResNet-18.</param>
    /// <param name="epochs">How often every image is shown, from 1; null (default) for 30.</param>
    public static ResNetTrainer ResNet(
        this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, string labelColumnName = "Label", string? inputColumnName = null,
        ResNetArchitecture? architecture = null, int? epochs = null) => catalog.ResNet(new ResNetTrainer.Options
        {
            LabelColumnName = labelColumnName,
            InputColumnName = inputColumnName,
            Architecture = architecture ?? ResNetArchitecture.ResNet18,
            Epochs = epochs,
        });

    /// <summary>Trains a ResNet on a column of images.</summary>
    /// <param name="catalog">The catalogue of trainers.</param>
    /// <param name="options">What it is trained on, and how.</param>
    public static ResNetTrainer ResNet(this MulticlassClassificationCatalog.MulticlassClassificationTrainers catalog, ResNetTrainer.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new(MLNetInternals.EnvironmentOf(catalog), options);
    }
}
