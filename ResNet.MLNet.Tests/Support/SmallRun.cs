using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace ResNet.Tests;

/// <summary>A training run of a second or two on <see cref="ClassFolders"/>.</summary>
internal static class SmallRun
{
    public static TrainingRecipe Recipe(int epochs) => new()
    {
        Epochs = epochs,
        BatchSize = 9,
        Preprocessing = ImagePreprocessing.Small(12),
        Augmentation = new Augmentation.PadCropFlip(2),
        Precision = TrainingPrecision.Float32,
    };

    public static TrainingOptions Options(ClassFolders folders, TrainingRecipe recipe) => new()
    {
        Architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4"),
        Data = folders.Open(),
        Recipe = recipe,
        OutputFolder = folders.Output,
        IfExists = ExistingRun.Overwrite,
        Device = "cpu",
    };

    /// <summary>What a run learned and remembers: model file and checkpoint, without the times in it.</summary>
    public static string Hash(TrainingResult result) => Hash(Path.GetDirectoryName(result.ModelFile)!);

    /// <summary>The same of a run's folder.</summary>
    public static string Hash(string folder)
    {
        var (tensors, _) = WeightFile.ReadStored(Path.Combine(folder, "last.safetensors"));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(File.ReadAllBytes(Path.Combine(folder, "model.onnx")));
        foreach (var tensor in tensors.Values) hash.AppendData(MemoryMarshal.AsBytes<float>(tensor.Values));
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Keeps what is reported.</summary>
    public sealed class Reports : List<TrainingProgress>, IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Add(value);
    }

    /// <summary>A source that cancels when it reads its nth image.</summary>
    public sealed class StopsAt(ImageDataset source, int image, CancellationTokenSource cancel) : ImageDataset(source.Labels)
    {
        private int _read;

        public override int Count => source.Count;

        public override bool IsMultiLabel => source.IsMultiLabel;

        public override int LabelOf(int index) => source.LabelOf(index);

        public override IReadOnlyList<int> LabelsOf(int index) => source.LabelsOf(index);

        public override string NameOf(int index) => source.NameOf(index);

        internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) =>
            new Reader(this, source.OpenReader(applyOrientation, limits));

        private void CountOne()
        {
            if (Interlocked.Increment(ref _read) == image) cancel.Cancel();
        }

        private sealed class Reader(StopsAt owner, ImageReader reader) : ImageReader
        {
            public override PixelBuffer Read(int index)
            {
                owner.CountOne();
                return reader.Read(index);
            }
        }
    }
}
