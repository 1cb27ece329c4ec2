using System.Security.Cryptography;
using System.Text;

namespace ResNet.MLNet;

/// <summary>The images that a network is trained on and those that it is validated with.</summary>
/// <param name="Training">The images to train on.</param>
/// <param name="Validation">The images to validate with, with the same classes; may be empty.</param>
public sealed record TrainingData(ImageDataset Training, ImageDataset Validation)
{
    /// <summary>
    /// Messages about files that were left out when the data was listed, and about classes that are odd: names that differ only in case or
    /// spaces, classes that only validation images have.
    /// </summary>
    public IReadOnlyList<string> Notes
    {
        get => [.. field, .. ClassRemarks.OnNames(Training.Labels), .. ClassRemarks.OnImages(Training, Validation, KnownLabels)];
        init;
    } = [];

    /// <summary>The classes that the network knows before it is trained; their images need not be there.</summary>
    private IReadOnlyList<string> KnownLabels { get; init; } = [];

    /// <summary>
    /// Tells whether a run goes on with the same data: the numbers of images and a hash of their names and classes. Folders may move.
    /// </summary>
    internal string Identity
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Add(Training);
            Add(Validation);
            var digest = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
            return $"{Training.Count} + {Validation.Count} images of {Training.Labels.Count} classes ({digest})";

            void Add(ImageDataset images)
            {
                foreach (var label in images.Labels) AddLine(label);
                for (var i = 0; i < images.Count; i++) AddLine($"{Path.GetFileName(images.NameOf(i))}\t{ClassesOf(images, i)}");
            }

            static string ClassesOf(ImageDataset images, int index) =>
                images.IsMultiLabel ? $"any of {string.Join(',', images.LabelsOf(index))}" : $"{images.LabelOf(index)}";

            void AddLine(string line) => hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
        }
    }

    /// <summary>
    /// Lists the images of a folder or table, whatever of these it is:
    /// <list type="bullet">
    /// <item>
    /// a folder with train/ and val/ (or training/; valid/, validation/, test/, testing/; in any case), which hold class folders;
    /// </item>
    /// <item>a folder of class folders (<see cref="ImageDataset.FromFolder"/>), of which a share is split off;</item>
    /// <item>
    /// the IDX files of MNIST and Fashion-MNIST: train-images-idx3-ubyte and so on, also .gz; names of classes in labels.txt, if there;
    /// </item>
    /// <item>the binary files of CIFAR-10 (data_batch_1.bin and so on) or CIFAR-100 (train.bin, test.bin);</item>
    /// <item>
    /// a table (.csv, .tsv; <see cref="ImageDataset.FromTable"/>), whose column split says what is for training and for validation; without
    /// it a share is split off.
    /// </item>
    /// </list>
    /// </summary>
    /// <param name="path">The folder or the table.</param>
    /// <param name="validationShare">
    /// The share of each class that is split off for validation where the data does not say it: 0 (none) or more and less than 1, default
    /// 0.2.
    /// </param>
    /// <param name="seed">Chooses which images are split off; default 0.</param>
    /// <param name="minimumClasses">The fewest classes that the data may have, from 1; default 2.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="validationShare"/> is out of range.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">There is no such table.</exception>
    /// <exception cref="InvalidDataException">
    /// It holds none of these, or too few classes, or folders that may be classes as well as parts of a split; the message says what was
    /// found.
    /// </exception>
    public static TrainingData Open(string path, double validationShare = 0.2, long seed = 0, int minimumClasses = 2)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Guard.Share(validationShare, nameof(validationShare));
        List<string> notes = [];
        var (training, validation) = DataFinder.Open(path, notes.Add);
        if (training.Labels.Count < minimumClasses)
        {
            var only = training.Labels[0];
            throw new InvalidDataException(
                $"'{path}' holds only one class, '{only}'; a classifier needs two or more.{Hint(Path.Combine(path, only))}");
        }

        var data = validation is null ? Split(training, validationShare, seed) : new(training, validation);
        return data with { Notes = notes };
    }

    /// <summary>
    /// Lists the images of a table whose column of labels holds any number of them (<see cref="ImageDataset.FromMultiLabelTable"/>). Its
    /// column split says what is for training and for validation; without it a share is split off.
    /// </summary>
    /// <param name="path">The table (.csv, .tsv).</param>
    /// <param name="labelSeparators">The letters that separate labels in their field. Default: ; and |.</param>
    /// <param name="validationShare">
    /// The share of each class that is split off for validation where the table does not say it, an image counting as one of its rarest
    /// class: 0 (none) or more and less than 1, default 0.2.
    /// </param>
    /// <param name="seed">Chooses which images are split off; default 0.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="validationShare"/> is out of range, or there are no separators, or letters or digits among them.
    /// </exception>
    /// <exception cref="FileNotFoundException">There is no such table.</exception>
    /// <exception cref="InvalidDataException">It cannot be read, or no image has a label; the message says where and why.</exception>
    public static TrainingData OpenMultiLabel(
        string path, string labelSeparators = TableColumns.UsualLabelSeparators, double validationShare = 0.2, long seed = 0)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Guard.Share(validationShare, nameof(validationShare));
        List<string> notes = [];
        var (training, validation) = DataFinder.Open(path, notes.Add, labelSeparators);
        var data = validation is null ? Split(training, validationShare, seed) : new(training, validation);
        return data with { Notes = notes };
    }

    /// <summary>Splits off a share of each class for validation; 0 for none.</summary>
    internal static TrainingData Split(ImageDataset images, double validationShare, long seed)
    {
        if (validationShare == 0) return new(images, images.Subset([]));
        var (training, validation) = images.SplitStratified(validationShare, seed);
        return new(training, validation);
    }

    /// <summary>The same images, with their classes among those of a network.</summary>
    /// <param name="known">The classes that the network knows.</param>
    /// <param name="added">Those of the images that it does not know.</param>
    internal TrainingData Among(IReadOnlyList<string> known, IReadOnlyList<string> added)
    {
        string[] labels = [.. known, .. added];
        return this with
        {
            Training = new RelabeledImages(Training, labels),
            Validation = new RelabeledImages(Validation, labels),
            KnownLabels = known,
        };
    }

    /// <summary>An archive often unpacks into a folder inside the folder.</summary>
    private static string Hint(string inside) =>
        Directory.Exists(inside) && FolderImages.ClassFolders(inside).Take(2).Count() == 2 ? $" Did you mean '{inside}'?" : "";
}
