using System.Globalization;
using ResNet.MLNet;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The features that a frozen network gives of a source's images, each computed once and in their order. What is done lies in files of a few thousand images, so that a run
/// that was stopped does not begin again.
/// </summary>
internal sealed class FeatureCache(string folder, string identity)
{
    private const int BatchesPerFile = 32;
    private const string IdentityEntry = "resnet.training.run", FeaturesName = "features", TargetsName = "targets";

    /// <summary>Gives the features, those that are not there computed.</summary>
    /// <param name="network">The network, ready to be evaluated.</param>
    /// <param name="input">Brings batches to it.</param>
    /// <param name="loader">The images, in their order.</param>
    /// <param name="report">Is told after each batch how many are done and how many images there were.</param>
    /// <returns>[images, features] float32 and [images] int64, on the device, in the caller's dispose scope.</returns>
    public (Tensor Features, Tensor Targets) Get(ResNetModule network, DeviceInput input, BatchLoader loader, Action<int, long> report)
    {
        using var scope = NewDisposeScope();
        List<Tensor> features = [], targets = [];
        for (var first = 0; first < loader.Batches; first += BatchesPerFile)
        {
            var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{first:000000}.safetensors"));
            var part = Read(path) ?? Compute(path, network, input, loader, first, report);
            if (part.Count == 0) continue;
            var rows = part[FeaturesName].Shape[0];
            features.Add(tensor(part[FeaturesName].Values, [rows, part[FeaturesName].Shape[1]], device: input.Device));
            targets.Add(tensor(Array.ConvertAll(part[TargetsName].Values, value => (long)value), device: input.Device));
        }

        if (features.Count == 0) return (zeros([0, network.Architecture.FeatureCount]).MoveToOuterDisposeScope(), zeros([0], int64).MoveToOuterDisposeScope());
        return (cat(features, 0).MoveToOuterDisposeScope(), cat(targets, 0).MoveToOuterDisposeScope());
    }

    /// <summary>Removes the files; the features are not needed any more.</summary>
    public void Delete()
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private StateDict? Read(string path)
    {
        if (!File.Exists(path)) return null;
        var (tensors, metadata) = SafeTensors.Read(path);
        return metadata.GetValueOrDefault(IdentityEntry) == identity ? tensors : null;
    }

    private StateDict Compute(string path, ResNetModule network, DeviceInput input, BatchLoader loader, int first, Action<int, long> report)
    {
        List<float> features = [], targets = [];
        var images = 0;
        using var _ = no_grad();
        foreach (var batch in loader.Epoch(0, first))
        {
            if (batch.Index >= first + BatchesPerFile) break;
            using var scope = NewDisposeScope();
            features.AddRange(network.Features(input.Load(batch).Images).cpu().contiguous().data<float>());
            targets.AddRange(batch.Targets.Select(target => (float)target));
            images += batch.Count;
            report(batch.Index + 1, batch.Count);
        }

        var part = new StateDict();
        if (images > 0)
        {
            part.Add(FeaturesName, new([images, features.Count / images], [.. features]));
            part.Add(TargetsName, new([images], [.. targets]));
        }

        SafeTensors.Write(path, part, new Dictionary<string, string> { [IdentityEntry] = identity });
        return part;
    }
}
