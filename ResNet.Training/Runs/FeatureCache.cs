using System.Globalization;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The features that a frozen network gives of a dataset's images, each computed once and in their order. What is done lies in files, one
/// for some batches, so that a run that was stopped does not begin again.
/// </summary>
/// <param name="folder">The folder of the files.</param>
/// <param name="identity">What run the features are of; files of another run are ignored.</param>
/// <param name="warn">Receives what the user should know.</param>
internal sealed partial class FeatureCache(string folder, string identity, Action<string> warn)
{
    private const int BatchesPerFile = 32;
    private const string FeaturesName = "features", TargetsName = "targets", Suffix = ".safetensors";

    private bool _canWrite = true;

    /// <summary>Gives the features; those that are not there are computed.</summary>
    /// <param name="network">The network, ready to be evaluated.</param>
    /// <param name="input">Brings batches to it.</param>
    /// <param name="loader">The images, in their order.</param>
    /// <param name="report">Receives after each batch how many are done and how many images there were.</param>
    /// <returns>[images, features] float32 and [images] int64, on the device, in the caller's dispose scope.</returns>
    public (Tensor Features, Tensor Targets) Get(ResNetModule network, DeviceInput input, BatchLoader loader, Action<int, long> report)
    {
        List<Part> parts = [];
        while (parts.Count * BatchesPerFile < loader.Batches && Read(parts.Count, network.Architecture.FeatureCount) is { } part)
            parts.Add(part);
        if (parts.Count * BatchesPerFile < loader.Batches) parts.AddRange(Compute(network, input, loader, parts.Count, report));

        var rows = parts.Sum(part => part.Targets.Length);
        var width = network.Architecture.FeatureCount;
        var features = new float[(long)rows * width];
        var targets = new long[rows];
        var start = 0;
        foreach (var part in parts)
        {
            part.Features.CopyTo(features.AsSpan(start * width));
            part.Targets.CopyTo(targets.AsSpan(start));
            start += part.Targets.Length;
        }

        return (tensor(features, [rows, width], device: input.Device), tensor(targets, device: input.Device));
    }

    /// <summary>Deletes the files of a folder that this class writes, and then the folder, unless others have files in it.</summary>
    public static void Delete(string folder)
    {
        if (!Directory.Exists(folder)) return;
        foreach (var file in Directory.GetFiles(folder, $"*{Suffix}*"))
        {
            if (OwnName().IsMatch(Path.GetFileName(file))) File.Delete(file);
        }

        if (!Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
    }

    /// <summary>Computes the features from a part on and writes each part as it is complete.</summary>
    private List<Part> Compute(ResNetModule network, DeviceInput input, BatchLoader loader, int first, Action<int, long> report)
    {
        List<Part> parts = [];
        List<float> features = [];
        List<long> targets = [];
        using var _ = no_grad();
        foreach (var batch in loader.Epoch(0, first * BatchesPerFile))
        {
            // A part may be empty, if none of its images can be read.
            while (batch.Index / BatchesPerFile > first + parts.Count) Complete();
            using var scope = NewDisposeScope();
            features.AddRange(network.Features(input.Load(batch).Images).cpu().contiguous().data<float>());
            targets.AddRange(batch.Targets);
            report(batch.Index + 1, batch.Count);
        }

        while ((first + parts.Count) * BatchesPerFile < loader.Batches) Complete();
        return parts;

        void Complete()
        {
            var part = new Part([.. features], [.. targets]);
            Write(first + parts.Count, part, network.Architecture.FeatureCount);
            parts.Add(part);
            features.Clear();
            targets.Clear();
        }
    }

    private Part? Read(int number, int width)
    {
        var path = PathOf(number);
        if (!File.Exists(path)) return null;
        try
        {
            var (tensors, metadata) = WeightFile.ReadStored(path);
            if (metadata.GetValueOrDefault(Checkpoint.IdentityEntry) != identity) return null;
            var part = new Part(tensors[FeaturesName].Values, [.. tensors[TargetsName].Values.Select(target => (long)target)]);
            if (part.Features.Length == part.Targets.Length * (long)width) return part;
            warn($"'{path}' is damaged; its features are computed again.");
        }
        catch (Exception problem) when (problem is InvalidDataException or KeyNotFoundException or IOException)
        {
            warn($"Features are computed again: {problem.Message}");
        }

        return null;
    }

    /// <summary>
    /// Writes a part as safetensors, whose numbers are float32: class numbers are far below 2^24, so they are exact. Without it a run that
    /// is stopped only has to compute it again, so where it cannot be written the run goes on.
    /// </summary>
    private void Write(int number, Part part, int width)
    {
        if (!_canWrite) return;
        var rows = part.Targets.Length;
        var tensors = new StateDict
        {
            { FeaturesName, new([rows, width], part.Features) },
            { TargetsName, new([rows], [.. part.Targets.Select(target => (float)target)]) },
        };
        try
        {
            WeightFile.Write(PathOf(number), tensors, new Dictionary<string, string> { [Checkpoint.IdentityEntry] = identity });
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            warn($"Features are not kept; a run that is stopped now computes them again: {problem.Message}");
            _canWrite = false;
        }
    }

    private string PathOf(int number) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{number:000000}{Suffix}"));

    /// <summary>What <see cref="PathOf"/> gives, and what a process that was killed leaves of writing it.</summary>
    [GeneratedRegex(@"^\d{6,}\.safetensors(\.[0-9a-f]{32}\.tmp)?$")]
    private static partial Regex OwnName();

    /// <summary>The features and classes of some batches.</summary>
    /// <param name="Features">[images, features].</param>
    /// <param name="Targets">[images] class numbers.</param>
    private sealed record Part(float[] Features, long[] Targets);
}
