namespace ResNet.MLNet;

/// <summary>The first line of a table of images: finds the columns that are read.</summary>
/// <param name="file">The table's path.</param>
/// <param name="record">The first line.</param>
internal sealed class TableHeader(string file, TextRecord record)
{
    private static readonly string[] OneLabel = ["label", "class", "category"];
    private static readonly string[] SeveralLabels = ["labels", "tags", "classes", "categories"];

    private readonly string[] _columns = [.. record.Fields.Select(field => field.Trim())];

    /// <summary>Finds the columns.</summary>
    /// <param name="wanted">What the user called them.</param>
    /// <exception cref="InvalidDataException">A column is missing, or its name stands twice; the message names it.</exception>
    public ColumnPlaces Find(TableColumns wanted)
    {
        var path = Find("paths", wanted.Path, "pathColumn", "path", "imagepath", "image", "file", "filename");
        string[] names = wanted.LabelSeparators is null ? OneLabel : [.. SeveralLabels, .. OneLabel];
        var label = Find("classes", wanted.Label, "labelColumn", names);
        var hasSplit = wanted.Split is not null || _columns.Any(column => Plain(column) == "split");
        return new(path, label, hasSplit ? Find("splits", wanted.Split, "splitColumn", "split") : null);
    }

    private int Find(string content, string? name, string parameter, params string[] usualNames)
    {
        var found = name ?? usualNames.Select(FindUsual).FirstOrDefault(column => column is not null);
        if (found is null || !_columns.Contains(found))
        {
            var wanted = name is null ? $" ({string.Join(", ", usualNames)})" : $" '{name}'";
            throw new InvalidDataException(
                $"'{file}', line {record.Line}: there is no column of {content}{wanted}. Columns are: {string.Join(", ", _columns)}. " +
                $"Name it in the header, or pass {parameter}.");
        }

        return _columns.Count(column => column == found) == 1
            ? Array.IndexOf(_columns, found)
            : throw new InvalidDataException($"'{file}', line {record.Line}: there are several columns '{found}'.");
    }

    private string? FindUsual(string name) => Array.Find(_columns, column => Plain(column) == name);

    /// <summary>A column's name as the usual names are written.</summary>
    private static string Plain(string column) => column.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}

/// <summary>What a user calls the columns of a table of images; null for a usual name.</summary>
internal readonly record struct TableColumns(string? Path, string? Label, string? Split)
{
    /// <summary>The letters that separate labels if nothing else is said.</summary>
    public const string UsualLabelSeparators = ";|";

    /// <summary>The letters that separate the labels of an image; null where an image has one class.</summary>
    public string? LabelSeparators { get; init; }
}

/// <summary>Where the columns of a table of images are, from 0.</summary>
/// <param name="Path">The column of paths.</param>
/// <param name="Label">The column of classes.</param>
/// <param name="Split">The column that says what an image is for; null if there is none.</param>
internal readonly record struct ColumnPlaces(int Path, int Label, int? Split);
