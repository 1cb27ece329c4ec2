namespace ResNet.Training;

/// <summary>
/// The part of a run before everything else, if its recipe subtracts a mean for each pixel: the mean of the training images, each prepared
/// as when the network is used, without augmentation.
/// </summary>
/// <param name="plan">What the run does.</param>
/// <param name="badImages">Receives images that cannot be read.</param>
/// <param name="progress">Receives the progress.</param>
internal sealed class MeanImageStage(TrainingPlan plan, BadImages badImages, RunProgress progress)
{
    /// <summary>
    /// The mean image that a run begins with: that of the network that it starts from, else that of the training images; null if the recipe
    /// wants none.
    /// </summary>
    /// <param name="state">Where the run stands: at its beginning.</param>
    /// <param name="cancellation">Stops.</param>
    public MeanImage? Find(TrainingState state, CancellationToken cancellation)
    {
        var known = plan.Options.StartFrom?.Preprocessing.MeanImage;
        if (!plan.Recipe.PerPixelMean)
        {
            if (known is not null) Note("the recipe has no PerPixelMean, so a mean for each channel takes its place");
            return null;
        }

        if (plan.StartingMeanImage is { } fitting) return fitting;
        var size = plan.Recipe.Preprocessing.Crop;
        if (known is not null) Note($"the input has {size} x {size}, so that of the training images takes its place");
        return Compute(state, cancellation);

        void Note(string why) =>
            progress.ReportMessage(state, $"'{plan.Options.StartFrom!.Name}' subtracts a mean image of {known}; {why}.");
    }

    /// <summary>The mean of the training images. The sums are exact, so that the order in which images are added changes nothing.</summary>
    private MeanImage Compute(TrainingState state, CancellationToken cancellation)
    {
        var size = plan.Recipe.Preprocessing.Crop;
        var loader = plan.Loader(plan.Data.Training, augmentation: null, badImages);
        var sums = new long[size * size * PixelBuffer.BytesPerPixel];
        var count = 0L;
        foreach (var batch in loader.Epoch(0))
        {
            cancellation.ThrowIfCancellationRequested();
            for (var start = 0; start < batch.Pixels.Length; start += sums.Length)
            {
                var image = batch.Pixels.AsSpan(start, sums.Length);
                for (var i = 0; i < image.Length; i++) sums[i] += image[i];
            }

            count += batch.Count;
            if (batch.Index + 1 < loader.Batches && !progress.IsDue) continue;
            progress.Report(state, new()
            {
                Phase = TrainingPhase.ComputingMean,
                Batch = batch.Index + 1,
                Batches = loader.Batches,
                ImagesPerSecond = count / progress.Seconds,
            });
        }

        badImages.ThrowIfNoneWasRead(count > 0);
        var values = new float[3 * size * size];
        for (var i = 0; i < values.Length; i++)
        {
            var (channel, pixel) = Math.DivRem(i, size * size);
            values[i] = (float)(sums[pixel * PixelBuffer.BytesPerPixel + channel] / (byte.MaxValue * (double)count));
        }

        return new(size, values);
    }
}
