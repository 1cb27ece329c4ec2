using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace ResNet.MLNet;

/// <summary>The column of images in an <see cref="IDataView"/>: finds it, checks its type and reads its rows.</summary>
internal static class ImageColumn
{
    private static readonly string[] UsualNames = ["ImagePath", "Image", "ImageBytes"];

    /// <summary>Finds the column of images in data.</summary>
    /// <param name="schema">The columns.</param>
    /// <param name="name">What the user called it; null for the one with a usual name (ImagePath, Image or ImageBytes).</param>
    /// <param name="otherwise">Its name if not exactly one column has a usual name; null (default) for an exception then.</param>
    /// <exception cref="ArgumentException">The column is missing or has another type; the message names it.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string? name, string? otherwise = null)
    {
        var visible = schema.Where(column => !column.IsHidden).Select(column => column.Name);
        var found = schema[FindName([.. visible], name, otherwise)];
        var vector = found.Type as VectorDataViewType;
        return HoldsImages(vector?.ItemType ?? found.Type, isVector: vector is not null)
            ? found
            : throw WrongType(found.Name, found.Type.ToString()!);
    }

    /// <summary>Checks before there is data that the column of images is there and holds images.</summary>
    /// <inheritdoc cref="Find" path="/param|/exception"/>
    public static void Check(SchemaShape schema, string? name, string? otherwise = null)
    {
        var found = FindName([.. schema.Select(column => column.Name)], name, otherwise);
        var input = schema.First(column => column.Name == found);
        var isVector = input.Kind != SchemaShape.Column.VectorKind.Scalar;
        if (!HoldsImages(input.ItemType, isVector)) throw WrongType(found, $"{(isVector ? "vector of " : "")}{input.ItemType}");
    }

    /// <summary>
    /// Gives a function that reads the image of the row that a cursor is on. An <see cref="MLImage"/> stays the source's and is valid while
    /// the cursor stays on the row; a path and an encoded image are copied.
    /// </summary>
    /// <param name="row">The cursor.</param>
    /// <param name="column">The column of images.</param>
    /// <param name="folder">The folder that relative paths start from; null for the current folder.</param>
    public static Action<RowImage> Reader(DataViewRow row, DataViewSchema.Column column, string? folder)
    {
        if (column.Type is TextDataViewType)
        {
            var text = row.GetGetter<ReadOnlyMemory<char>>(column);
            return image =>
            {
                ReadOnlyMemory<char> path = default;
                text(ref path);
                image.SetPath(folder is null || path.IsEmpty ? path.ToString() : Path.Combine(folder, path.ToString()));
            };
        }

        if (column.Type is VectorDataViewType)
        {
            var bytes = row.GetGetter<VBuffer<byte>>(column);
            VBuffer<byte> encoded = default;
            return image =>
            {
                bytes(ref encoded);
                image.SetBytes(encoded);
            };
        }

        var images = row.GetGetter<MLImage>(column);
        MLImage? pixels = null;
        return image =>
        {
            // A source that makes images frees the one that it is handed back; one that holds the user's own does not.
            images(ref pixels!);
            image.SetImage(pixels);
        };
    }

    private static string FindName(IReadOnlyList<string> columns, string? name, string? otherwise)
    {
        var usual = UsualNames.Where(columns.Contains).ToList();
        name ??= usual.Count == 1 ? usual[0] : otherwise;
        if (name is not null && columns.Contains(name)) return name;
        var problem = (name, usual.Count) switch
        {
            (null, 0) => $"There is no column {string.Join(", ", UsualNames[..^1])} or {UsualNames[^1]}",
            (null, _) => $"There are several columns ({string.Join(", ", usual)})",
            _ => $"There is no column '{name}'",
        };
        throw new ArgumentException(
            $"{problem} with images (a path, an encoded image or an MLImage). " +
            $"Columns are: {string.Join(", ", columns)}. Pass inputColumnName.");
    }

    private static bool HoldsImages(DataViewType item, bool isVector) =>
        isVector ? item == NumberDataViewType.Byte : item is TextDataViewType or ImageDataViewType;

    private static ArgumentException WrongType(string name, string type) => new(
        $"The column '{name}' is {type}, but images are text (a path), a vector of bytes (an encoded image) or an MLImage.");
}
