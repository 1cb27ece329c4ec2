using System.Runtime.ExceptionServices;

namespace ResNet.MLNet;

/// <summary>Measures how well networks classify labeled images. It needs ONNX Runtime only.</summary>
public static class ResNetEvaluator
{
    /// <summary>Evaluates a network on all cores.</summary>
    /// <param name="model">The network, of any kind: trained here, quantized, imported or from elsewhere.</param>
    /// <param name="images">
    /// The images. Their classes are matched with the network's by name, whatever their order; where the network does not name its classes,
    /// by number. Images of classes that the network does not know are left out, with a note.
    /// </param>
    /// <param name="options">Limits of images; null (default) for the usual ones.</param>
    /// <param name="progress">Receives how far it is, from several threads; null (default) for nobody.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The result, the same for any number of cores.</returns>
    /// <exception cref="InvalidDataException">
    /// The network gives no classes, or several labels an image; it has no class in common with the images; or not one image could be read.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public static ModelEvaluation Evaluate(
        ResNetModel model,
        ImageDataset images,
        EvaluationOptions? options = null,
        IProgress<EvaluationProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        if (model.ClassCount is not { } classes) throw new InvalidDataException("The model gives features only, so it has no accuracy.");
        if (model.Card.Thresholds is not null || images.IsMultiLabel)
            throw new InvalidDataException("Images of several labels, and networks that give them, cannot be evaluated here.");
        LabelMatch match = new(model, images);
        var results = new (EvaluatedImage? Image, string? Problem)[images.Count];
        Run(model, images, match, results, (options ?? new()).Limits, progress, cancellation);
        List<EvaluatedImage> evaluated = [.. results.Select(result => result.Image).OfType<EvaluatedImage>()];
        List<string> problems = [.. results.Select(result => result.Problem).OfType<string>()];
        if (evaluated.Count == 0)
        {
            var reason = problems.Count > 0 ? $" The first problem: {problems[0]}" : "";
            throw new InvalidDataException($"Not one of the {images.Count} images could be evaluated.{reason}");
        }

        var labels = Enumerable.Range(0, classes).Select(model.LabelOf).ToList();
        return ModelEvaluation.Of(evaluated, labels, match.Notes, problems);
    }

    private static void Run(
        ResNetModel model,
        ImageDataset images,
        LabelMatch match,
        (EvaluatedImage? Image, string? Problem)[] results,
        ImageLimits limits,
        IProgress<EvaluationProgress>? progress,
        CancellationToken cancellation)
    {
        var done = 0;
        ParallelOptions parallel = new() { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        try
        {
            Parallel.For(
                0,
                images.Count,
                parallel,
                () => images.OpenReader(model.Preprocessing.ApplyExifOrientation, limits),
                (index, _, reader) =>
                {
                    if (match.NumberOf(images.LabelOf(index)) is { } label)
                        results[index] = Evaluate(model, images, index, label, reader, limits);
                    progress?.Report(new(Interlocked.Increment(ref done), images.Count));
                    return reader;
                },
                reader => reader.LetGo());
        }
        catch (AggregateException problems)
        {
            // The first that happened is what the caller can act on.
            ExceptionDispatchInfo.Throw(problems.InnerExceptions[0]);
        }
    }

    private static (EvaluatedImage? Image, string? Problem) Evaluate(
        ResNetModel model, ImageDataset images, int index, int label, ImageReader reader, ImageLimits limits)
    {
        var name = images.NameOf(index);
        try
        {
            using var worker = model.Rent(Sharing.Throughput, model.Preprocessing, ResNetOutput.Probabilities, limits);
            worker.Prepare(0, new ImageInput(reader.Read(index), name));
            var probabilities = worker.Run(1);
            var predicted = Scores.ArgMax(probabilities);
            var own = probabilities[label];
            // Of equal probabilities the first class is predicted.
            var rank = 0;
            for (var other = 0; other < probabilities.Length; other++)
            {
                if (probabilities[other] > own || (probabilities[other] == own && other < label)) rank++;
            }

            return (new(index, name, label, predicted, probabilities[predicted], own, rank), null);
        }
        catch (InvalidImageException problem)
        {
            return (null, problem.Message);
        }
    }
}
