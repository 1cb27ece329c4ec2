using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using ResNet.MLNet;

namespace RetrainInService;

/// <summary>A picture that was stored.</summary>
/// <param name="Name">Its file, relative to the folder of pictures.</param>
/// <param name="IsNew">Whether it was not there yet.</param>
internal sealed record StoredPicture(string Name, bool IsNew);

/// <summary>
/// The labeled pictures: a folder for each class, with files named after the hash of their bytes, so that a picture is there once. Labels
/// and pictures come from strangers: nothing of what they call a file is used.
/// </summary>
internal sealed class PictureStore
{
    private const int LongestLabel = 40, FewestPictures = 2, LabelsShown = 10;
    private const string FolderName = "pictures";

    private readonly Lock _lock = new();
    private readonly string _folder;

    public PictureStore(IOptions<TrainingSettings> settings, IHostEnvironment environment)
    {
        _folder = Path.Combine(Path.GetFullPath(settings.Value.Folder, environment.ContentRootPath), FolderName);
        Directory.CreateDirectory(_folder);
        Count = ImageFiles.Below(_folder).Count;
    }

    /// <summary>The number of pictures.</summary>
    public int Count { get; private set; }

    /// <summary>What is wrong with a label, which becomes the name of a folder; null for nothing.</summary>
    public static string? ProblemOf(string? label)
    {
        if (string.IsNullOrEmpty(label)) return "Say what is in the picture: /pictures?label=tulip.";
        var isFine = label.Length <= LongestLabel && char.IsAsciiLetterOrDigit(label[0]) && char.IsAsciiLetterOrDigit(label[^1]);
        return isFine && label.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is ' ' or '-' or '_')
            ? null
            : $"A label has 1 to {LongestLabel} of the characters A-Z, a-z, 0-9, space, - and _, and a letter or digit at both ends.";
    }

    /// <summary>Stores a picture under its label. One that is there under another label moves.</summary>
    /// <param name="label">A label without a problem.</param>
    /// <param name="image">The bytes of an image file that can be decoded.</param>
    public StoredPicture Add(string label, ReadOnlySpan<byte> image)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(image)) + ExtensionOf(image);
        var file = Path.Combine(_folder, label, name);
        lock (_lock)
        {
            if (File.Exists(file)) return new($"{label}/{name}", IsNew: false);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            if (Directory.EnumerateDirectories(_folder).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists) is { } old)
            {
                File.Move(old, file);
                return new($"{label}/{name}", IsNew: false);
            }

            WholeFile.Write(file, image);
            Count++;
            return new($"{label}/{name}", IsNew: true);
        }
    }

    /// <summary>
    /// Lists the pictures as a table for <see cref="TrainingData.Open"/>, each for training or validation. A hash of the file's name
    /// decides that, so that a picture that one network was trained on does not validate a later one: the first fifth of all hashes, and
    /// the first of each class, are for validation.
    /// </summary>
    /// <param name="known">The classes of the model in use.</param>
    /// <param name="problem">Why there is nothing to train on; null if there is.</param>
    public string List(IReadOnlyList<string> known, out string? problem)
    {
        lock (_lock)
        {
            var folders = Directory.GetDirectories(_folder)
                .Order(StringComparer.Ordinal)
                .ToDictionary(folder => Path.GetFileName(folder), folder => ImageFiles.Below(folder).OrderBy(HashOf).ToList());
            var classes = folders.Where(each => each.Value.Count >= FewestPictures).ToDictionary();
            var few = known.Union(folders.Keys).Where(label => !classes.ContainsKey(label)).ToList();
            problem = classes.Count < 2 ? $"There are no two classes with {FewestPictures} pictures each. {Counts(folders, few)}" : null;
            if (few.Find(known.Contains) is { } missing)
            {
                problem = $"The model in use knows '{missing}', of which there are fewer than {FewestPictures} pictures. " +
                    Counts(folders, few.FindAll(known.Contains));
            }

            var table = new StringBuilder("path,label,split\n");
            foreach (var (label, files) in classes)
            {
                for (var i = 0; i < files.Count; i++)
                {
                    var path = Path.Combine(FolderName, Path.GetRelativePath(_folder, files[i]));
                    var isValidation = i == 0 || HashOf(files[i]) <= uint.MaxValue / 5;
                    table.Append($"{Quoted(path)},{Quoted(label)},{(isValidation ? "val" : "train")}\n");
                }
            }

            return table.ToString();
        }
    }

    /// <summary>How many pictures the folders of some classes have.</summary>
    private static string Counts(Dictionary<string, List<string>> folders, List<string> labels)
    {
        var counts = labels.Take(LabelsShown).Select(label => $"{FolderName}/{label} has {folders.GetValueOrDefault(label)?.Count ?? 0}");
        var more = labels.Count > LabelsShown ? ", and so on" : "";
        return labels.Count == 0 ? "" : $"{string.Join(", ", counts)}{more}.";
    }

    private static uint HashOf(string file) =>
        BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFileName(file))));

    private static string Quoted(string field) => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string ExtensionOf(ReadOnlySpan<byte> image) => image switch
    {
        [0x89, (byte)'P', ..] => ".png",
        [(byte)'G', (byte)'I', (byte)'F', ..] => ".gif",
        [(byte)'B', (byte)'M', ..] => ".bmp",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', ..] => ".webp",
        _ => ".jpg",
    };
}
