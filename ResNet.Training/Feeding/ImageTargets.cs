namespace ResNet.Training;

/// <summary>What the scores of images are compared with, where images have several labels.</summary>
internal static class ImageTargets
{
    /// <summary>Gives the labels of some images.</summary>
    /// <param name="source">The dataset.</param>
    /// <param name="images">Which of its images.</param>
    /// <returns>[images, classes] 1 for the classes of an image, 0 for others.</returns>
    public static float[] Of(ImageDataset source, IReadOnlyList<int> images)
    {
        var targets = new float[(long)images.Count * source.Labels.Count];
        foreach (var (row, image) in images.Index())
        {
            foreach (var label in source.LabelsOf(image)) targets[(long)row * source.Labels.Count + label] = 1;
        }

        return targets;
    }
}
