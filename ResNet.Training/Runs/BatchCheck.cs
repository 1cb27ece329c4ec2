namespace ResNet.Training;

/// <summary>Checks before a run whether its batches can be.</summary>
internal static class BatchCheck
{
    /// <summary>Checks that a batch is not larger than an array can be.</summary>
    /// <param name="recipe">How the network is trained.</param>
    /// <param name="images">The number of images to train on.</param>
    /// <exception cref="ArgumentException">It is.</exception>
    public static void CheckSize(TrainingRecipe recipe, int images)
    {
        var (count, size) = (Math.Min(recipe.BatchSize, images), recipe.Preprocessing.Crop);
        if ((long)count * BatchLoader.ImageSize(recipe.Preprocessing) <= Array.MaxLength) return;
        throw new ArgumentException(
            $"A batch of {count:N0} images of {size} x {size} pixels is over the 2 GiB that it may have. Use a smaller " +
            $"{nameof(recipe.BatchSize)}, or smaller images ({nameof(recipe.Preprocessing)}.{nameof(recipe.Preprocessing.Crop)}).");
    }

    /// <summary>Checks that batch norm has something to learn from, if all images can be read.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="recipe">How it is trained.</param>
    /// <param name="images">The number of images to train on.</param>
    /// <exception cref="ArgumentException">A step would have one image, and one value of each channel.</exception>
    public static void CheckStatistics(ResNetArchitecture architecture, TrainingRecipe recipe, int images)
    {
        if (recipe.Epochs == 0 || recipe.FineTuning is { KeepStatistics: true }) return;
        if (LastMap(architecture, recipe.Preprocessing.Crop) > 1) return;
        var smallest = images / BatchLoader.BatchesOf(images, recipe.BatchSize);
        if (smallest / Math.Min(recipe.GradientAccumulation, smallest) > 1) return;
        throw new ArgumentException(
            $"With a BatchSize of {recipe.BatchSize}, {images} images to train on and a GradientAccumulation of " +
            $"{recipe.GradientAccumulation}, a step may have one image at a time, whose last map of {architecture.Name} has 1 x 1 pixels " +
            $"at a size of {recipe.Preprocessing.Crop}. {StatisticsException.Advice}");
    }

    /// <summary>Height and width of the last maps in pixels; each layer with a stride of 2 halves them, rounded up.</summary>
    private static int LastMap(ResNetArchitecture architecture, int size)
    {
        var halvings = architecture.StageBlocks.Count - 1;
        if (architecture.HasMaxPool) halvings += 2;
        for (; halvings > 0; halvings--) size = (size + 1) / 2;
        return size;
    }
}
