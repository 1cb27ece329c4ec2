using System.Security.Cryptography;
using System.Text;

namespace ResNet.Training;

/// <summary>What a network is trained on and what it is judged by.</summary>
/// <param name="Training">The images to learn from.</param>
/// <param name="Validation">The images to judge by, with the same classes; may be empty.</param>
public sealed record TrainingData(ImageSource Training, ImageSource Validation)
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
    /// share is split off; or the IDX files of MNIST and Fashion-MNIST (train-images-idx3-ubyte and so on, also .gz; class names in labels.txt, if there).
    /// </summary>
    /// <param name="folder">The folder.</param>
    /// <param name="validationShare">The share of each class that is split off for validation where the folder does not say it: 0 to 1, default 0.2.</param>
    /// <param name="seed">Chooses which; default 0.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">It holds nothing of the kind, or fewer than two classes; the message says what was found.</exception>
    public static TrainingData Open(string folder, double validationShare = 0.2, long seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (validationShare is not (>= 0 and < 1)) throw new ArgumentOutOfRangeException(nameof(validationShare), validationShare, "The share for validation is from 0 up to, but without, 1.");
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        List<string> notes = [];
        var (training, validation) = OpenIdx(folder) ?? OpenFolders(folder, notes.Add);
        if (training.Labels.Count < 2) throw new InvalidDataException($"'{folder}' holds only one class, '{training.Labels[0]}'; a classifier needs two or more.{Hint(Path.Combine(folder, training.Labels[0]))}");
        if (validation is null && validationShare > 0) (training, validation) = training.SplitStratified(validationShare, seed);
        return new(training, validation ?? training.Subset([])) { Notes = notes };
    }

    /// <summary>An archive often unpacks into a folder inside the folder.</summary>
    private static string Hint(string inside) =>
        Directory.Exists(inside) && ImageFolder.ClassFolders(inside).Take(2).Count() == 2 ? $" Did you mean '{inside}'?" : "";

    private static (ImageSource Training, ImageSource? Validation) OpenFolders(string folder, Action<string> note)
    {
        var train = Path.Combine(folder, "train");
        if (!Directory.Exists(train)) return (ImageFolder.Open(folder, null, note), null);
        var training = ImageFolder.Open(train, null, note);
        var validation = ValidationNames.Select(name => Path.Combine(folder, name)).FirstOrDefault(Directory.Exists);
        return (training, validation is null ? null : ImageFolder.Open(validation, training.Labels, note));
    }

    private static (ImageSource Training, ImageSource? Validation)? OpenIdx(string folder)
    {
        if (Find("train-images", 3) is not { } images) return null;
        var labelFile = Path.Combine(folder, "labels.txt");
        IReadOnlyList<string>? labels = File.Exists(labelFile) ? [.. File.ReadLines(labelFile).Select(line => line.Trim()).Where(line => line.Length > 0)] : null;
        var training = IdxImages.Open(images, Need("train-labels", 1), labels);
        return (training, Find("t10k-images", 3) is { } test ? IdxImages.Open(test, Need("t10k-labels", 1), training.Labels) : null);

        string? Find(string name, int dimensions)
        {
            string[] names = [$"{name}-idx{dimensions}-ubyte", $"{name}.idx{dimensions}-ubyte"];
            return names.Select(each => Path.Combine(folder, each)).SelectMany(path => Enumerable.Empty<string>().Append(path).Append(path + ".gz")).FirstOrDefault(File.Exists);
        }

        string Need(string name, int dimensions) => Find(name, dimensions)
            ?? throw new InvalidDataException($"'{folder}' has IDX images, but '{name}-idx{dimensions}-ubyte' (or .gz) is missing.");
    }
}
