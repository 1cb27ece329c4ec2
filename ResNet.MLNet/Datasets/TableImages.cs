using System.Text;

namespace ResNet.MLNet;

/// <summary>
/// Image files that a table names: a text file with a header and a line an image, fields separated by commas, semicolons or tabs and quoted as RFC 4180 says, in UTF-8.
/// Relative paths start from the table's folder. Whether the image files are there is seen when they are read.
/// </summary>
public sealed class TableImages : ImageDataset
{
    private static readonly string[] PathColumns = ["path", "imagepath", "image", "file", "filename"], LabelColumns = ["label", "class", "category"], SplitColumns = ["split"];

    private readonly string[] _paths;
    private readonly int[] _labels;
    private readonly string[]? _splits;

    private TableImages(IReadOnlyList<string> labels, string[] paths, int[] numbers, string[]? splits)
        : base(labels) => (_paths, _labels, _splits) = (paths, numbers, splits);

    /// <inheritdoc/>
    public override int Count => _paths.Length;

    /// <summary>Whether a file is taken for a table, by its extension: .csv or .tsv.</summary>
    internal static bool IsTable(string path) => Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv";

    /// <summary>Reads a table.</summary>
    /// <param name="file">The file. What separates its fields is what its header has most of: tabs, commas or semicolons.</param>
    /// <param name="pathColumn">The column of paths; null (default) for the first of path, imagepath, image, file and filename that is there, in any case, underscores aside.</param>
    /// <param name="labelColumn">The column of class names; null (default) for the first of label, class and category, likewise.</param>
    /// <param name="splitColumn">The column that says what an image is for: train, val or test; null (default) for the column split, if there is one.</param>
    /// <param name="labels">The classes in their order; null (default) for those in the table in ordinal order.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The table lacks a column or has no lines, or a line has no path, no class, a class that <paramref name="labels"/> lacks, an unknown split or another number of fields than the header; the message names file and line.
    /// </exception>
    public static TableImages Open(string file, string? pathColumn = null, string? labelColumn = null, string? splitColumn = null, IReadOnlyList<string>? labels = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (!File.Exists(file)) throw new FileNotFoundException($"There is no file '{file}'.", file);
        try
        {
            return Read(file, pathColumn, labelColumn, splitColumn, labels);
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"'{file}' is no text in UTF-8.", problem);
        }
    }

    /// <inheritdoc/>
    public override int LabelOf(int index) => _labels[index];

    /// <summary>The path of an image.</summary>
    public override string NameOf(int index) => _paths[index];

    /// <summary>What an image is for: <c>train</c>, <c>val</c> or <c>test</c>; null if the table does not say.</summary>
    public string? SplitOf(int index) => _splits?[index];

    internal override ImageReader OpenReader(bool applyOrientation) => new InputReader(index => new(NameOf(index)), applyOrientation);

    private static TableImages Read(string file, string? pathColumn, string? labelColumn, string? splitColumn, IReadOnlyList<string>? labels)
    {
        var separator = SeparatorOf(file);
        using var text = OpenText(file);
        using var records = new DelimitedText(text, file, separator).Records().GetEnumerator();
        if (!records.MoveNext()) throw new InvalidDataException($"'{file}' is empty: a header that names the columns is expected in its first line.");
        var (headerLine, header) = records.Current;
        var path = Find("paths", pathColumn, PathColumns, nameof(pathColumn));
        var label = Find("classes", labelColumn, LabelColumns, nameof(labelColumn));
        var split = splitColumn is not null || header.Any(each => SplitColumns.Contains(Plain(each))) ? Find("splits", splitColumn, SplitColumns, nameof(splitColumn)) : -1;

        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        List<string> paths = [];
        List<(string Name, int Line)> classes = [];
        List<string> splits = [];
        while (records.MoveNext())
        {
            var (line, fields) = records.Current;
            if (fields.Count != header.Count)
                throw new InvalidDataException($"'{file}', line {line}: {fields.Count} fields, but the header has {header.Count}. A field that holds the separator '{separator}' is put in quotes.");
            paths.Add(Path.Combine(folder, Need(path)));
            classes.Add((Need(label), line));
            if (split >= 0) splits.Add(ReadSplit(Need(split)));

            string Need(int column) => fields[column].Length > 0 ? fields[column] : throw new InvalidDataException($"'{file}', line {line}: the column '{header[column]}' is empty.");

            string ReadSplit(string value) => value.ToLowerInvariant() switch
            {
                "train" or "training" => "train",
                "val" or "valid" or "validation" => "val",
                "test" or "testing" => "test",
                _ => throw new InvalidDataException($"'{file}', line {line}: the column '{header[split]}' says '{value}', not train, val or test."),
            };
        }

        if (paths.Count == 0) throw new InvalidDataException($"'{file}' has a header, but no images.");
        labels ??= [.. classes.Select(each => each.Name).Distinct().Order(StringComparer.Ordinal)];
        var numbers = labels.Select((name, number) => (name, number)).ToDictionary(pair => pair.name, pair => pair.number, StringComparer.Ordinal);
        return new(labels, [.. paths], [.. classes.Select(NumberOf)], split < 0 ? null : [.. splits]);

        int NumberOf((string Name, int Line) each) => numbers.TryGetValue(each.Name, out var number) ? number
            : throw new InvalidDataException($"'{file}', line {each.Line}: the class '{each.Name}' is not among those to train on: {string.Join(", ", labels!)}.");

        int Find(string what, string? name, string[] usual, string parameter)
        {
            var columns = header.Select(each => each.Trim()).ToList();
            var found = name ?? usual.Select(each => columns.FirstOrDefault(column => Plain(column) == each)).FirstOrDefault(each => each is not null);
            if (found is null || !columns.Contains(found))
            {
                throw new InvalidDataException($"'{file}', line {headerLine}: there is no column of {what}{(name is null ? $" ({string.Join(", ", usual)})" : $" '{name}'")}. " +
                    $"Columns are: {string.Join(", ", columns)}. Name it in the header, or say {parameter}.");
            }

            if (columns.Count(each => each == found) > 1) throw new InvalidDataException($"'{file}', line {headerLine}: there are several columns '{found}'.");
            return columns.IndexOf(found);
        }
    }

    /// <summary>A column's name as the usual names are written.</summary>
    private static string Plain(string column) => column.Trim().Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();

    private static char SeparatorOf(string file)
    {
        using var text = OpenText(file);
        var header = text.ReadLine() ?? "";
        return "\t,;".MaxBy(each => header.Count(letter => letter == each));
    }

    private static StreamReader OpenText(string file) => new(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
}
