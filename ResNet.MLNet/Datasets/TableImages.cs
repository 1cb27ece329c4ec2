using System.Text;

namespace ResNet.MLNet;

/// <summary>
/// Image files that a table names: a text file with a header and a line an image, fields separated by commas, semicolons or tabs and quoted
/// as RFC 4180 says, in UTF-8. Relative paths start from the table's folder.
/// </summary>
internal sealed class TableImages : ImageDataset
{
    private readonly string[] _paths;
    private readonly ImageLabels _labels;
    private readonly string[]? _splits;

    private TableImages(IReadOnlyList<string> labels, string[] paths, ImageLabels numbers, string[]? splits)
        : base(labels)
    {
        _paths = paths;
        _labels = numbers;
        _splits = splits;
    }

    public override int Count => _paths.Length;

    /// <summary>Whether a file counts as a table, by its extension: .csv or .tsv.</summary>
    public static bool IsTable(string path) => Path.GetExtension(path).ToLowerInvariant() is ".csv" or ".tsv";

    /// <inheritdoc cref="ImageDataset.FromTable"/>
    public static TableImages Open(
        string file, TableColumns columns = default, IReadOnlyList<string>? labels = null, Action<string>? note = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (columns.LabelSeparators is { } separators) ImageLabels.CheckSeparators(separators);
        if (!File.Exists(file)) throw new FileNotFoundException($"There is no file '{file}'.", file);
        try
        {
            return Read(file, columns, labels, note);
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"'{file}' is not text in UTF-8: save it in this encoding.", problem);
        }
    }

    public override bool IsMultiLabel => _labels.IsMultiLabel;

    public override int LabelOf(int index) => _labels.Of(index);

    public override IReadOnlyList<int> LabelsOf(int index) => _labels.AllOf(index);

    public override string NameOf(int index) => _paths[index];

    public override string? SplitOf(int index) => _splits?[index];

    internal override ImageReader OpenReader(bool applyOrientation, ImageLimits? limits) =>
        new InputReader(index => new(NameOf(index)), applyOrientation, limits);

    private static TableImages Read(string file, TableColumns wanted, IReadOnlyList<string>? labels, Action<string>? note)
    {
        var separator = SeparatorOf(file);
        using var text = OpenText(file);
        using var records = new DelimitedText(text, file, separator).Records().GetEnumerator();
        if (!records.MoveNext())
            throw new InvalidDataException($"'{file}' is empty: a header that names the columns is expected in its first line.");
        var header = records.Current;
        var columns = new TableHeader(file, header).Find(wanted);

        var folder = new TableFolder(file);
        List<string> paths = [];
        List<(string[] Names, int Line)> classes = [];
        List<string> splits = [];
        while (records.MoveNext())
        {
            var line = new TableLine(file, header.Fields, records.Current);
            line.CheckLength(separator);
            paths.Add(folder.Find(line.Get(columns.Path)));
            string[] names = wanted.LabelSeparators is { } separators
                ? ImageLabels.Split(records.Current.Fields[columns.Label], separators)
                : [line.Get(columns.Label)];
            classes.Add((names, records.Current.Line));
            if (columns.Split is { } split) splits.Add(line.GetSplit(split));
        }

        if (paths.Count == 0) throw new InvalidDataException($"'{file}' has a header, but no images.");
        if (folder.Note is { } turned) note?.Invoke(turned);
        labels ??= [.. classes.SelectMany(found => found.Names).Distinct().Order(StringComparer.Ordinal)];
        if (labels.Count == 0)
            throw new InvalidDataException($"'{file}': no image has a label in the column '{header.Fields[columns.Label]}'.");
        var numbers = new ClassNumbers(labels);
        int[][] sets = [.. classes.Select(found => numbers.GetAll(found.Names, $"'{file}', line {found.Line}"))];
        var found = wanted.LabelSeparators is null ? ImageLabels.One([.. sets.Select(set => set[0])]) : ImageLabels.Several(sets);
        return new(labels, [.. paths], found, columns.Split is null ? null : [.. splits]);
    }

    private static char SeparatorOf(string file)
    {
        using var text = OpenText(file);
        var header = text.ReadLine() ?? "";
        return "\t,;".MaxBy(separator => header.Count(letter => letter == separator));
    }

    private static StreamReader OpenText(string file) =>
        new(RegularFile.OpenRead(file), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));

    /// <summary>A line of a table; what is wrong with it is said with its number.</summary>
    private readonly record struct TableLine(string File, IReadOnlyList<string> Header, TextRecord Record)
    {
        private string Place => $"'{File}', line {Record.Line}";

        public void CheckLength(char separator)
        {
            if (Record.Fields.Count == Header.Count) return;
            throw new InvalidDataException(
                $"{Place}: {Plural.Of(Record.Fields.Count, "field", "fields")}, but the header has {Header.Count}. " +
                $"Put a field that holds the separator '{separator}' in quotes.");
        }

        public string Get(int column) => Record.Fields[column].Length > 0
            ? Record.Fields[column]
            : throw new InvalidDataException($"{Place}: the column '{Header[column]}' is empty.");

        public string GetSplit(int column)
        {
            var value = Get(column);
            return SplitNames.Find(value)
                ?? throw new InvalidDataException($"{Place}: the column '{Header[column]}' says '{value}', not train, val or test.");
        }
    }
}
