using System.Diagnostics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Cli;

/// <summary>What the demo does with the network in ML.NET; written as a user of ML.NET would write it.</summary>
internal sealed class DemoPipelines(int seed)
{
    private readonly MLContext _context = new(seed);

    /// <summary>Classifies images with a network.</summary>
    public MulticlassClassificationMetrics Classify(string model, IEnumerable<DemoImage> images)
    {
        var data = _context.Data.LoadFromEnumerable(images);
        var pipeline = _context.Transforms.MapResNetLabels(model)
            .Append(_context.Transforms.ApplyResNet(
                "Score", "ImagePath", model, ResNetOutput.Probabilities, predictedLabelColumnName: "PredictedLabel"));
        using var fitted = pipeline.Fit(data);
        return _context.MulticlassClassification.Evaluate(fitted.Transform(data));
    }

    /// <summary>
    /// Trains an ML.NET trainer on the network's features, for classes that the network was not trained for, and saves the pipeline.
    /// </summary>
    public DemoFigures Transfer(
        string model, IEnumerable<DemoImage> few, IEnumerable<DemoImage> test, string savedPipeline) =>
        Train(_context.Transforms.ApplyResNet("Features", "ImagePath", model), few, test, savedPipeline);

    /// <summary>Trains on the features of an ImageNet ResNet-18, and saves the pipeline.</summary>
    public DemoFigures TrainOnImageNet(
        string weights, IEnumerable<DemoImage> images, IEnumerable<DemoImage> test, string savedPipeline) =>
        Train(_context.Transforms.ApplyResNet18("Features", "ImagePath", model: weights), images, test, savedPipeline);

    /// <summary>Trains on the features that ML.NET's own transformer gives of an ImageNet ResNet-18, to compare.</summary>
    public DemoFigures TrainOnStockFeatures(IEnumerable<DemoImage> images, IEnumerable<DemoImage> test)
    {
        const int Side = 224;
        var features = _context.Transforms.LoadImages("Image", "", "ImagePath")
            .Append(_context.Transforms.ResizeImages("Image", Side, Side))
            .Append(_context.Transforms.ExtractPixels("Pixels", "Image"))
            .Append(_context.Transforms.DnnFeaturizeImage(
                "Features", model => model.ModelSelector.ResNet18(_context, model.OutputColumn, model.InputColumn), "Pixels"));
        return Train(features, images, test);
    }

    /// <summary>The same trainer on the pixels, to compare.</summary>
    public DemoFigures TrainOnPixels(IEnumerable<DemoImage> few, IEnumerable<DemoImage> test, int side)
    {
        var features = _context.Transforms.LoadImages("Image", "", "ImagePath")
            .Append(_context.Transforms.ResizeImages("Image", side, side))
            .Append(_context.Transforms.ExtractPixels("Features", "Image", scaleImage: 1 / 255f));
        return Train(features, few, test);
    }

    /// <summary>Loads the saved pipeline and gives its prediction for one image.</summary>
    public string Predict(string savedPipeline, string image)
    {
        using var engine = _context.Model.CreatePredictionEngine<DemoImage, Answer>(_context.Model.Load(savedPipeline, out _));
        return engine.Predict(new() { ImagePath = image }).PredictedLabel;
    }

    private DemoFigures Train(
        IEstimator<ITransformer> features, IEnumerable<DemoImage> images, IEnumerable<DemoImage> test, string? savedPipeline = null)
    {
        // Cached, so that a trainer that goes over the data many times computes the features once.
        var data = _context.Data.LoadFromEnumerable(images);
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Label")
            .Append(features)
            .AppendCacheCheckpoint(_context)
            .Append(Trainer())
            .Append(_context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var fitted = pipeline.Fit(data);
        if (savedPipeline is not null) _context.Model.Save(fitted, data.Schema, savedPipeline);
        return new(Evaluate(fitted, test).MicroAccuracy, MeasureFeatures(fitted, test));
    }

    /// <summary>Computes the features of images again, now that all is loaded, and gives how many images a second that are.</summary>
    private double MeasureFeatures(ITransformer fitted, IEnumerable<DemoImage> images)
    {
        // Of the column that is read, nothing after the features is computed.
        var watch = Stopwatch.StartNew();
        var count = fitted.Transform(_context.Data.LoadFromEnumerable(images)).GetColumn<float[]>("Features").Count();
        return count / watch.Elapsed.TotalSeconds;
    }

    /// <summary>
    /// Multinomial logistic regression as it is usual, with L2 regularization alone (its default of 1, not tuned); ML.NET's default adds
    /// L1.
    /// </summary>
    private IEstimator<ITransformer> Trainer() => _context.MulticlassClassification.Trainers.LbfgsMaximumEntropy(l1Regularization: 0);

    private MulticlassClassificationMetrics Evaluate(ITransformer fitted, IEnumerable<DemoImage> images)
    {
        var predictions = fitted.Transform(_context.Data.LoadFromEnumerable(images));
        return _context.MulticlassClassification.Evaluate(predictions, predictedLabelColumnName: "PredictedLabel");
    }

    private sealed class Answer
    {
        public string PredictedLabel { get; set; } = "";
    }
}

/// <summary>What the demo shows of a trainer on features.</summary>
/// <param name="Accuracy">The share of the test images that is classified correctly.</param>
/// <param name="ImagesPerSecond">How many test images' features were computed a second, warm.</param>
internal sealed record DemoFigures(double Accuracy, double ImagesPerSecond);
