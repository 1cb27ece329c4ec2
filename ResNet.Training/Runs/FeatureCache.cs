using System.Globalization;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The features that a frozen network gives of a source's images, each computed once and in their order. What is done lies in files, one for some batches, so that a run
/// that was stopped does not begin again.
/// </summary>
internal sealed class FeatureCache(string folder, string identity)
{
    private const int BatchesPerFile = 32;
    private const string FeaturesName = "features", TargetsName = "targets";

    /// <summary>Gives the features, those that are not there computed.</summary>
    /// <param name="network">The network, ready to be evaluated.</param>
    /// <param name="input">Brings batches to it.</param>
    /// <param name="loader">The images, in their order.</param>
    /// <param name="report">Is told after each batch how many are done and how many images there were.</param>
    /// <returns>[images, features] float32 and [images] int64, on the device, in the caller's dispose scope.</returns>
    public (Tensor Features, Tensor Targets) Get(ResNetModule network, DeviceInput input, BatchLoader loader, Action<int, long> report)
    {
        List<StateDict> parts = [];
        while (parts.Count * BatchesPerFile < loader.Batches && Read(PathOf(parts.Count)) is { } part) parts.Add(part);
        if (parts.Count * BatchesPerFile < loader.Batches) parts.AddRange(Compute(network, input, loader, parts.Count, report));
        var counts = parts.ConvertAll(part => part[TargetsName].Values.Length);
        var (rows, width) = (counts.Sum(), network.Architecture.FeatureCount);
        var (features, targets) = (new float[(long)rows * width], new long[rows]);
        foreach (var (part, start) in parts.Zip(counts.Select((_, index) => counts.Take(index).Sum())))
        {
            part[FeaturesName].Values.CopyTo(features.AsSpan(start * width));
            for (var i = 0; i < part[TargetsName].Values.Length; i++) targets[start + i] = (long)part[TargetsName].Values[i];
        }

        return (tensor(features, [rows, width], device: input.Device), tensor(targets, device: input.Device));
    }

    /// <summary>Removes the files; the features are not needed any more.</summary>
    public void Delete()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private StateDict? Read(string path)
    {
        if (!File.Exists(path)) return null;
        var (tensors, metadata) = WeightFile.ReadStored(path);
        return metadata.GetValueOrDefault(Checkpoint.IdentityEntry) == identity ? tensors : null;
    }

    private string PathOf(int part) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{part:000000}.safetensors"));

    /// <summary>Computes the features from a part on and writes each part as it is complete.</summary>
    private List<StateDict> Compute(ResNetModule network, DeviceInput input, BatchLoader loader, int first, Action<int, long> report)
    {
        List<StateDict> parts = [];
        List<float> features = [], targets = [];
        using var _ = no_grad();
        foreach (var batch in loader.Epoch(0, first * BatchesPerFile))
        {
            // A part may be empty, if none of its images can be read.
            while (batch.Index / BatchesPerFile > first + parts.Count) Complete();
            using var scope = NewDisposeScope();
            features.AddRange(network.Features(input.Load(batch).Images).cpu().contiguous().data<float>());
            targets.AddRange(batch.Targets.Select(target => (float)target));
            report(batch.Index + 1, batch.Count);
        }

        while ((first + parts.Count) * BatchesPerFile < loader.Batches) Complete();
        return parts;

        void Complete()
        {
            var part = new StateDict
            {
                { FeaturesName, new([targets.Count, network.Architecture.FeatureCount], [.. features]) },
                { TargetsName, new([targets.Count], [.. targets]) },
            };
            WeightFile.Write(PathOf(first + parts.Count), part, new Dictionary<string, string> { [Checkpoint.IdentityEntry] = identity });
            parts.Add(part);
            features.Clear();
            targets.Clear();
        }
    }
}
