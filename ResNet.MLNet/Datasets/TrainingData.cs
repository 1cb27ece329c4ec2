using System.Security.Cryptography;
using System.Text;

namespace ResNet.MLNet;

/// <summary>What a network is trained on and what it is judged by.</summary>
/// <param name="Training">The images to learn from.</param>
/// <param name="Validation">The images to judge by, with the same classes; may be empty.</param>
public sealed record TrainingData(ImageDataset Training, ImageDataset Validation)
{
    private static readonly string[] ValidationNames = ["val", "valid", "validation", "test"];

    /// <summary>What was left out when the data was listed, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What the data is, for telling whether a run goes on with the same: the numbers of images and a hash of their names and classes. Folders may move.</summary>
    internal string Identity
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var source in new[] { Training, Validation })
            {
                foreach (var label in source.Labels) hash.AppendData(Encoding.UTF8.GetBytes(label + "\n"));
                for (var i = 0; i < source.Count; i++) hash.AppendData(Encoding.UTF8.GetBytes($"{Path.GetFileName(source.NameOf(i))}\t{source.LabelOf(i)}\n"));
            }

            return $"{Training.Count} + {Validation.Count} images of {Training.Labels.Count} classes ({Convert.ToHexStringLower(hash.GetHashAndReset())[..16]})";
        }
    }

    /// <summary>
    /// Lists the images of a folder: train/ and val/ (or valid/, validation/, test/) with class folders inside; or class folders, of which a
    /// share is split off; or the IDX files of MNIST and Fashion-MNIST (train-images-idx3-ubyte and so on, also .gz; class names in labels.txt, if there); or the binary
    /// files of CIFAR-10 (data_batch_1.bin and so on) or CIFAR-100 (train.bin, test.bin). Or those that a table names (.csv, .tsv; see <see cref="TableImages"/>), whose
    /// column split says what is for training and for validation; without it a share is split off.
    /// </summary>
    /// <param name="path">The folder or the table.</param>
    /// <param name="validationShare">The share of each class that is split off for validation where the data does not say it: 0 to 1, default 0.2.</param>
    /// <param name="seed">Chooses which; default 0.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">There is no such table.</exception>
    /// <exception cref="InvalidDataException">It holds nothing of the kind, or fewer than two classes; the message says what was found.</exception>
    public static TrainingData Open(string path, double validationShare = 0.2, long seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (validationShare is not (>= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(validationShare), validationShare, "The share for validation is from 0 up to, but without, 1.");
        List<string> notes = [];
        var (training, validation) = TableImages.IsTable(path) && !Directory.Exists(path) ? OpenTable(path, notes.Add) : OpenFolder(path, notes.Add);
        if (training.Labels.Count < 2) throw new InvalidDataException($"'{path}' holds only one class, '{training.Labels[0]}'; a classifier needs two or more.{Hint(Path.Combine(path, training.Labels[0]))}");
        return (validation is null ? Split(training, validationShare, seed) : new(training, validation)) with { Notes = notes };
    }

    /// <summary>Splits off a share of each class for validation; 0 for none.</summary>
    internal static TrainingData Split(ImageDataset images, double validationShare, long seed)
    {
        var (training, validation) = validationShare > 0 ? images.SplitStratified(validationShare, seed) : (images, images.Subset([]));
        return new(training, validation);
    }

    /// <summary>An archive often unpacks into a folder inside the folder.</summary>
    private static string Hint(string inside) =>
        Directory.Exists(inside) && FolderImages.ClassFolders(inside).Take(2).Count() == 2 ? $" Did you mean '{inside}'?" : "";

    private static (ImageDataset Training, ImageDataset? Validation) OpenTable(string path, Action<string> note)
    {
        var images = TableImages.Open(path);
        var parts = Enumerable.Range(0, images.Count).ToLookup(images.SplitOf);
        if (parts.Contains(null)) return (images, null);
        if (!parts.Contains("train")) throw new InvalidDataException($"'{path}' has no images whose split is train.");
        var judges = parts.Contains("val") ? "val" : "test";
        if (judges == "val" && parts.Contains("test")) note($"'{path}': {parts["test"].Count()} images of the split test are left out; those of val are there to judge by.");
        return (images.Subset([.. parts["train"]]), parts.Contains(judges) ? images.Subset([.. parts[judges]]) : null);
    }

    private static (ImageDataset Training, ImageDataset? Validation) OpenFolder(string folder, Action<string> note)
    {
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException(File.Exists(folder) ? $"'{folder}' is neither a folder nor a table (.csv, .tsv)." : $"There is no folder '{folder}'.");
        return OpenIdx(folder) ?? OpenCifar(folder) ?? OpenFolders(folder, note);
    }

    private static (ImageDataset Training, ImageDataset? Validation) OpenFolders(string folder, Action<string> note)
    {
        var train = Path.Combine(folder, "train");
        if (!Directory.Exists(train)) return (FolderImages.Open(folder, null, note), null);
        var training = FolderImages.Open(train, null, note);
        var validation = ValidationNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(Directory.Exists);
        return (training, validation is null ? null : FolderImages.Open(validation, training.Labels, note));
    }

    private static (ImageDataset Training, ImageDataset? Validation)? OpenIdx(string folder)
    {
        if (Find("train-images", 3) is not { } images) return null;
        var training = IdxImages.Open(images, Need("train-labels", 1), ReadLabels(Path.Combine(folder, "labels.txt")));
        return (training, Find("t10k-images", 3) is { } test ? IdxImages.Open(test, Need("t10k-labels", 1), training.Labels) : null);

        string? Find(string name, int dimensions)
        {
            string[] names = [$"{name}-idx{dimensions}-ubyte", $"{name}.idx{dimensions}-ubyte"];
            return names.Select(each => Path.Combine(folder, each)).SelectMany(path => Enumerable.Empty<string>().Append(path).Append(path + ".gz")).FirstOrDefault(File.Exists);
        }

        string Need(string name, int dimensions) => Find(name, dimensions)
            ?? throw new InvalidDataException($"'{folder}' has IDX images, but '{name}-idx{dimensions}-ubyte' (or .gz) is missing.");
    }

    private static (ImageDataset Training, ImageDataset? Validation)? OpenCifar(string folder)
    {
        string[] batches = [.. Enumerable.Range(1, 5).Select(number => $"data_batch_{number}.bin")];
        if (File.Exists(Path.Combine(folder, batches[0]))) return Read(batches, "test_batch.bin", "batches.meta.txt", labelBytes: 1);
        return File.Exists(Path.Combine(folder, "train.bin")) ? Read(["train.bin"], "test.bin", "fine_label_names.txt", labelBytes: 2) : null;

        (ImageDataset, ImageDataset?) Read(string[] names, string test, string labels, int labelBytes)
        {
            if (names.FirstOrDefault(name => !File.Exists(Path.Combine(folder, name))) is { } missing) throw new InvalidDataException($"'{folder}' holds CIFAR's '{names[0]}', but '{missing}' is missing.");
            var training = CifarImages.Open([.. names.Select(name => Path.Combine(folder, name))], ReadLabels(Path.Combine(folder, labels)), labelBytes);
            test = Path.Combine(folder, test);
            return (training, File.Exists(test) ? CifarImages.Open([test], training.Labels, labelBytes) : null);
        }
    }

    /// <summary>The names of classes, one a line; null if there is no such file.</summary>
    private static IReadOnlyList<string>? ReadLabels(string path) => File.Exists(path) ? [.. File.ReadLines(path).Select(line => line.Trim()).Where(line => line.Length > 0)] : null;
}
