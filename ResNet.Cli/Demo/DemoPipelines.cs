using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Cli;

/// <summary>What the demo does with the network in ML.NET; written as a user of ML.NET would write it.</summary>
internal sealed class DemoPipelines(string model, int seed)
{
    private readonly MLContext _context = new(seed);

    /// <summary>Classifies images with the network itself.</summary>
    public MulticlassClassificationMetrics Classify(IEnumerable<DemoImage> images)
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
    public MulticlassClassificationMetrics Transfer(IEnumerable<DemoImage> few, IEnumerable<DemoImage> test, string savedPipeline)
    {
        var data = _context.Data.LoadFromEnumerable(few);
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Label")
            .Append(_context.Transforms.ApplyResNet("Features", "ImagePath", model))
            .Append(Trainer())
            .Append(_context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var fitted = pipeline.Fit(data);
        _context.Model.Save(fitted, data.Schema, savedPipeline);
        return Evaluate(fitted, test);
    }

    /// <summary>The same trainer on the pixels, to compare.</summary>
    public MulticlassClassificationMetrics TrainOnPixels(IEnumerable<DemoImage> few, IEnumerable<DemoImage> test)
    {
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Label")
            .Append(_context.Transforms.LoadImages("Image", "", "ImagePath"))
            .Append(_context.Transforms.ResizeImages("Image", DemoData.Size, DemoData.Size))
            .Append(_context.Transforms.ExtractPixels("Features", "Image", scaleImage: 1 / 255f))
            .Append(Trainer())
            .Append(_context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var fitted = pipeline.Fit(_context.Data.LoadFromEnumerable(few));
        return Evaluate(fitted, test);
    }

    /// <summary>Loads the saved pipeline and gives its prediction for one image.</summary>
    public string Predict(string savedPipeline, string image)
    {
        using var engine = _context.Model.CreatePredictionEngine<DemoImage, Answer>(_context.Model.Load(savedPipeline, out _));
        return engine.Predict(new() { ImagePath = image }).PredictedLabel;
    }

    private IEstimator<ITransformer> Trainer() => _context.MulticlassClassification.Trainers.LbfgsMaximumEntropy();

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
