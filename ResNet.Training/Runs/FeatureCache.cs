using System.Globalization;
using System.Runtime.InteropServices;
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
    private const string FeaturesName = "features", ImagesName = "images", ViewsName = "views", Suffix = ".safetensors";

    private bool _canWrite = true;

    /// <summary>Gives the features; those that are not there are computed.</summary>
    /// <param name="network">The network, ready to be evaluated.</param>
    /// <param name="input">Brings batches to it.</param>
    /// <param name="views">Loads the images, in their order: first the center, then a random crop each.</param>
    /// <param name="source">The images.</param>
    /// <param name="mirrors">Whether the center's mirror image is wanted, too.</param>
    /// <param name="report">Receives after each batch how many are done, of all views, and how many views there were.</param>
    /// <returns>The features, in the caller's dispose scope.</returns>
    public HeadFeatures Get(
        ResNetModule network,
        DeviceInput input,
        IReadOnlyList<BatchLoader> views,
        ImageDataset source,
        bool mirrors,
        Action<int, int> report)
    {
        List<Part> parts = [];
        for (var view = 0; view < views.Count; view++)
        {
            var loader = views[view];
            var files = (loader.Batches + BatchesPerFile - 1) / BatchesPerFile;
            var first = parts.Count;
            while (parts.Count < first + files && Read(parts.Count, network.Architecture.FeatureCount) is { } part) parts.Add(part);
            if (parts.Count == first + files) continue;
            var number = view == 0 ? HeadFeatures.Center : HeadFeatures.Mirrored + view;
            var (from, before) = (parts.Count, view * loader.Batches);
            Pass pass = new(loader, Epoch: view, number, Mirrors: mirrors && view == 0, from, from - first);
            parts.AddRange(Compute(network, input, pass, (done, rows) => report(before + done, rows)));
        }

        return Join(parts, network.Architecture.FeatureCount, source, input.Device);
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

    private static HeadFeatures Join(List<Part> parts, int width, ImageDataset source, Device device)
    {
        var rows = parts.Sum(part => part.Images.Length);
        var features = empty([rows, width], float32, device);
        var start = 0L;
        foreach (var part in parts)
        {
            using var scope = NewDisposeScope();
            var count = part.Images.Length;
            if (count > 0) features.narrow(0, start, count).copy_(tensor(part.Features, [count, width]));
            start += count;
        }

        int[] images = [.. parts.SelectMany(part => part.Images)];
        return new(
            features,
            source.IsMultiLabel
                ? tensor(ImageTargets.Of(source, images), [rows, source.Labels.Count], device: device)
                : tensor(Array.ConvertAll(images, image => (long)source.LabelOf(image)), device: device),
            images,
            [.. parts.SelectMany(part => part.Views)]);
    }

    /// <summary>Computes the features of a view from a part on and writes each part as it is complete.</summary>
    private List<Part> Compute(ResNetModule network, DeviceInput input, Pass pass, Action<int, int> report)
    {
        List<Part> parts = [];
        List<float> features = [];
        List<int> images = [], views = [];
        using var _ = no_grad();
        foreach (var batch in pass.Loader.Epoch(pass.Epoch, pass.PartsDone * BatchesPerFile))
        {
            // A part may be empty, if none of its images can be read.
            while (batch.Index / BatchesPerFile > pass.PartsDone + parts.Count) Complete();
            using var scope = NewDisposeScope();
            var pixels = input.Load(batch).Images;
            Add(pixels, pass.View);
            if (pass.Mirrors) Add(pixels.flip(3), HeadFeatures.Mirrored);
            report(batch.Index + 1, pass.Mirrors ? 2 * batch.Count : batch.Count);

            void Add(Tensor seen, int view)
            {
                features.AddRange(network.Features(seen).cpu().contiguous().data<float>());
                images.AddRange(batch.Images);
                views.AddRange(Enumerable.Repeat(view, batch.Count));
            }
        }

        while ((pass.PartsDone + parts.Count) * BatchesPerFile < pass.Loader.Batches) Complete();
        return parts;

        void Complete()
        {
            var part = new Part([.. features], [.. images], [.. views]);
            Write(pass.FirstFile + parts.Count, part, network.Architecture.FeatureCount);
            parts.Add(part);
            features.Clear();
            images.Clear();
            views.Clear();
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
            var part = new Part(tensors[FeaturesName].Values, ToInts(tensors[ImagesName]), ToInts(tensors[ViewsName]));
            if (part.Features.Length == part.Images.Length * (long)width && part.Views.Length == part.Images.Length) return part;
            warn($"'{path}' is damaged; its features are computed again.");
        }
        catch (Exception problem) when (problem is InvalidDataException or KeyNotFoundException or IOException)
        {
            warn($"Features are computed again: {problem.Message}");
        }

        return null;
    }

    private static int[] ToInts(WeightTensor tensor) => MemoryMarshal.Cast<float, int>(tensor.Values).ToArray();

    private static WeightTensor ToTensor(int[] values) => new([values.Length], MemoryMarshal.Cast<int, float>(values).ToArray());

    /// <summary>
    /// Writes a part as safetensors, whose numbers are float32: whole numbers are kept as their bits. Without it a run that
    /// is stopped only has to compute it again, so where it cannot be written the run goes on.
    /// </summary>
    private void Write(int number, Part part, int width)
    {
        if (!_canWrite) return;
        var tensors = new StateDict
        {
            { FeaturesName, new([part.Images.Length, width], part.Features) },
            { ImagesName, ToTensor(part.Images) },
            { ViewsName, ToTensor(part.Views) },
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

    /// <summary>The features of some batches.</summary>
    /// <param name="Features">[rows, features].</param>
    /// <param name="Images">[rows] indices into the dataset.</param>
    /// <param name="Views">[rows] see <see cref="HeadFeatures.Views"/>.</param>
    private sealed record Part(float[] Features, int[] Images, int[] Views);

    /// <summary>One view of all images, from a part on.</summary>
    /// <param name="Loader">Loads them.</param>
    /// <param name="Epoch">The epoch that the loader's random crops are of.</param>
    /// <param name="View">See <see cref="HeadFeatures.Views"/>.</param>
    /// <param name="Mirrors">Whether their mirror images are wanted, too.</param>
    /// <param name="FirstFile">The number of the file of the first part that is missing.</param>
    /// <param name="PartsDone">The parts of this view before it.</param>
    private sealed record Pass(BatchLoader Loader, int Epoch, int View, bool Mirrors, int FirstFile, int PartsDone);
}
