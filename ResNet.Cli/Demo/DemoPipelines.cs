using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Cli;

/// <summary>What the demo does with the network in ML.NET; written as a user of ML.NET would write it.</summary>
internal sealed class DemoPipelines(string modelFile, int seed)
{
    private readonly MLContext _context = new(seed);

    /// <summary>Classifies images with the network itself.</summary>
    public MulticlassClassificationMetrics Classify(IEnumerable<DemoImage> images)
    {
        var data = _context.Data.LoadFromEnumerable(images);
        var pipeline = _context.Transforms.MapResNetLabels(modelFile)
            .Append(_context.Transforms.ApplyResNet("Score", "ImagePath", modelFile, ResNetOutput.Probabilities, predictedLabelColumnName: "PredictedLabel"));
        using var model = pipeline.Fit(data);
        return _context.MulticlassClassification.Evaluate(model.Transform(data));
    }

    /// <summary>Trains an ML.NET trainer on the network's features, for classes that the network does not know, and saves the whole.</summary>
    public MulticlassClassificationMetrics Transfer(IEnumerable<DemoImage> few, IEnumerable<DemoImage> test, string savedPipeline)
    {
        var data = _context.Data.LoadFromEnumerable(few);
        var pipeline = _context.Transforms.Conversion.MapValueToKey("Label")
            .Append(_context.Transforms.ApplyResNet("Features", "ImagePath", modelFile))
            .Append(Trainer())
            .Append(_context.Transforms.Conversion.MapKeyToValue("PredictedLabel"));
        using var model = pipeline.Fit(data);
        _context.Model.Save(model, data.Schema, savedPipeline);
        return Evaluate(model, test);
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
        using var model = pipeline.Fit(_context.Data.LoadFromEnumerable(few));
        return Evaluate(model, test);
    }

    /// <summary>Loads the saved pipeline and says what it sees in one image.</summary>
    public string Predict(string savedPipeline, string image)
    {
        using var engine = _context.Model.CreatePredictionEngine<DemoImage, Answer>(_context.Model.Load(savedPipeline, out _));
        return engine.Predict(new() { ImagePath = image }).PredictedLabel;
    }

    private IEstimator<ITransformer> Trainer() => _context.MulticlassClassification.Trainers.LbfgsMaximumEntropy();

    private MulticlassClassificationMetrics Evaluate(ITransformer model, IEnumerable<DemoImage> images) =>
        _context.MulticlassClassification.Evaluate(model.Transform(_context.Data.LoadFromEnumerable(images)), predictedLabelColumnName: "PredictedLabel");

    private sealed class Answer
    {
        public string PredictedLabel { get; set; } = "";
    }
}
