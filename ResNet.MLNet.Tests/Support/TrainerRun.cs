using System.Security.Cryptography;
using Microsoft.ML;

namespace ResNet.Tests;

/// <summary>The ML.NET trainer on <see cref="ClassFolders"/>, in a second or two.</summary>
internal static class TrainerRun
{
    public static TrainingRecipe Recipe => SmallRun.Recipe(epochs: 4);

    public static ResNetTrainer.Options Options => new()
    {
        Architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4"),
        Recipe = Recipe,
        Device = "cpu",
    };

    public static IEnumerable<ImageRow> Rows(ClassFolders folders)
    {
        var images = ImageDataset.FromFolder(folders.Folder);
        return Enumerable.Range(0, images.Count).Select(index => new ImageRow
        {
            ImagePath = images.NameOf(index),
            Label = images.Labels[images.LabelOf(index)],
        });
    }

    public static ResNetTransformer Fit<T>(IEnumerable<T> rows, ResNetTrainer.Options options, MLContext? context = null)
        where T : class
    {
        context ??= new(seed: 1);
        return Fit(context, context.Data.LoadFromEnumerable(rows), options);
    }

    public static ResNetTransformer Fit(MLContext context, IDataView data, ResNetTrainer.Options options) =>
        context.MulticlassClassification.Trainers.ResNet(options).Fit(data);

    /// <summary>The digest of the network; disposes of it.</summary>
    public static string Hash(ResNetTransformer model)
    {
        using (model) return Convert.ToHexString(SHA256.HashData(model.Model.File.ReadBytes()));
    }

    /// <summary>Keeps what is reported.</summary>
    public sealed class Collector(List<TrainingProgress> reports, Action<TrainingProgress>? then = null) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            reports.Add(value);
            then?.Invoke(value);
        }
    }
}
