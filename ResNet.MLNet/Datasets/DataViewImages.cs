using System.Globalization;
using System.Numerics;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// The images of an ML.NET <see cref="IDataView"/>, whose rows are read once. Paths are kept as they are and encoded images as their bytes; an <see cref="MLImage"/> is
/// copied as pixels, which takes 4 bytes each: 200 KB for 224 x 224. For large data give paths.
/// </summary>
public sealed class DataViewImages : ImageDataset
{
    private const ulong MostClasses = 1_000_000;

    private readonly ImageInput[] _images;
    private readonly int[] _labels;

    private DataViewImages(IReadOnlyList<string> labels, ImageInput[] images, int[] numbers)
        : base(labels) => (_images, _labels) = (images, numbers);

    /// <inheritdoc/>
    public override int Count => _images.Length;

    /// <summary>Reads the rows. Those without a label (a missing key, an empty text) are left out.</summary>
    /// <param name="data">The rows.</param>
    /// <param name="labelColumnName">
    /// The column of classes. A key: the classes are its values in their order, also those that no row has. Text: the classes are the texts in ordinal order.
    /// </param>
    /// <param name="inputColumnName">
    /// The column of images: text (a path), a vector of bytes (an encoded image) or <see cref="MLImage"/>; null (default) for the one of ImagePath, Image and ImageBytes that is there.
    /// </param>
    /// <param name="imageFolder">The folder that relative paths start from; null (default) for the current folder.</param>
    /// <param name="labels">The classes in their order, to which the rows' classes are matched by name; null (default) for those of the column.</param>
    /// <param name="note">Receives what was left out, in words.</param>
    /// <exception cref="ArgumentException">A column is missing or of another type; the message names it.</exception>
    /// <exception cref="InvalidDataException">No row has a label, or a row has a class that <paramref name="labels"/> lacks; the message names it.</exception>
    public static DataViewImages Read(
        IDataView data, string labelColumnName = "Label", string? inputColumnName = null, string? imageFolder = null, IReadOnlyList<string>? labels = null, Action<string>? note = null) =>
        Read(data, labelColumnName, inputColumnName, imageFolder, labels, note, beforeRow: null);

    /// <inheritdoc/>
    public override int LabelOf(int index) => _labels[index];

    /// <summary>The path of an image, or the number of its row, from 0.</summary>
    public override string NameOf(int index) => _images[index].Name!;

    internal override ImageReader OpenReader(bool applyOrientation) => new InputReader(index => _images[index], applyOrientation);

    /// <summary>The same; <paramref name="beforeRow"/> is called before each row and may throw to stop.</summary>
    internal static DataViewImages Read(
        IDataView data, string labelColumnName, string? inputColumnName, string? imageFolder, IReadOnlyList<string>? labels, Action<string>? note, Action? beforeRow)
    {
        ArgumentNullException.ThrowIfNull(data);
        var input = ImageColumn.Find(data.Schema, inputColumnName);
        var label = FindLabel(labelColumnName, data.Schema);
        var keys = KeyNames(label);
        List<ImageInput> images = [];
        List<string> classes = [];
        var unlabeled = 0;
        using (var row = data.GetRowCursor([input, label]))
        {
            var readImage = ImageColumn.Reader(row, input, imageFolder);
            var readClass = ClassReader(row, label, keys);
            var image = new RowImage();
            var decoder = new ImageDecoder(applyOrientation: false);
            while (Next())
            {
                var name = readClass();
                if (string.IsNullOrEmpty(name))
                {
                    unlabeled++;
                    continue;
                }

                readImage(image);
                images.Add(Keep(image.Input, $"row {row.Position}", decoder));
                classes.Add(name);
            }

            bool Next()
            {
                beforeRow?.Invoke();
                return row.MoveNext();
            }
        }

        if (unlabeled > 0) note?.Invoke($"{unlabeled} {(unlabeled == 1 ? "row has" : "rows have")} no label in the column '{labelColumnName}' and {(unlabeled == 1 ? "is" : "are")} left out.");
        labels ??= keys ?? [.. classes.Distinct().Order(StringComparer.Ordinal)];
        var numbers = labels.Select((name, number) => (name, number)).DistinctBy(pair => pair.name).ToDictionary(pair => pair.name, pair => pair.number, StringComparer.Ordinal);
        var unknown = classes.Where(each => !numbers.ContainsKey(each)).Distinct().ToList();
        if (unknown.Count > 0) throw new InvalidDataException($"The column '{labelColumnName}' has classes that are not among those to train on: {string.Join(", ", unknown)}. Those are: {string.Join(", ", labels)}.");
        return new(labels, [.. images], [.. classes.Select(each => numbers[each])]);
    }

    /// <summary>Checks the column of classes before there is data.</summary>
    internal static void CheckLabel(string name, SchemaShape schema)
    {
        if (!schema.Any(column => column.Name == name)) throw NoLabel(name, schema.Select(column => column.Name));
        var label = schema.First(column => column.Name == name);
        var isVector = label.Kind != SchemaShape.Column.VectorKind.Scalar;
        if (isVector || !(label.IsKey || label.ItemType is TextDataViewType)) throw WrongLabel(name, $"{(isVector ? "vector of " : "")}{label.ItemType}");
    }

    private static DataViewSchema.Column FindLabel(string name, DataViewSchema schema)
    {
        var label = schema.GetColumnOrNull(name) ?? throw NoLabel(name, schema.Where(column => !column.IsHidden).Select(column => column.Name));
        if (label.Type is KeyDataViewType { Count: > MostClasses } key) throw new ArgumentException($"The column '{name}' is a key of {key.Count:N0} values, which is too many classes.");
        return label.Type is KeyDataViewType or TextDataViewType ? label : throw WrongLabel(name, label.Type.ToString()!);
    }

    private static ArgumentException NoLabel(string name, IEnumerable<string> columns) => new($"There is no column '{name}' with the classes. Columns are: {string.Join(", ", columns)}. Pass labelColumnName.");

    private static ArgumentException WrongLabel(string name, string type) => new(
        $"The column '{name}' is {type}, but the classes are a key or text: put mlContext.Transforms.Conversion.MapValueToKey(\"{name}\") in front.");

    /// <summary>What makes the name of a row's class; null or empty without one.</summary>
    private static Func<string?> ClassReader(DataViewRow row, DataViewSchema.Column label, IReadOnlyList<string>? keys)
    {
        if (keys is not null)
        {
            return label.Type.RawType == typeof(byte) ? Key<byte>() : label.Type.RawType == typeof(ushort) ? Key<ushort>()
                : label.Type.RawType == typeof(ulong) ? Key<ulong>() : Key<uint>();
        }

        var text = row.GetGetter<ReadOnlyMemory<char>>(label);
        return () =>
        {
            ReadOnlyMemory<char> value = default;
            text(ref value);
            return value.ToString();
        };

        // Keys count from 1; 0 is a missing one.
        Func<string?> Key<T>()
            where T : struct, IUnsignedNumber<T>
        {
            var getter = row.GetGetter<T>(label);
            return () =>
            {
                T value = default;
                getter(ref value);
                var number = ulong.CreateChecked(value);
                return number > 0 && number <= (ulong)keys.Count ? keys[(int)number - 1] : null;
            };
        }
    }

    /// <summary>The values of a key column as texts, or their numbers from 0 if it does not know them; null for a column of text.</summary>
    private static IReadOnlyList<string>? KeyNames(DataViewSchema.Column label)
    {
        if (label.Type is not KeyDataViewType key) return null;
        return label.Annotations.Schema.GetColumnOrNull("KeyValues")?.Type is VectorDataViewType { Size: > 0 } values
            ? (IReadOnlyList<string>)typeof(DataViewImages).GetMethod(nameof(TextsOf), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(values.ItemType.RawType).Invoke(null, [label])!
            : [.. Enumerable.Range(0, (int)key.Count).Select(number => $"{number}")];
    }

    private static List<string> TextsOf<T>(DataViewSchema.Column label)
    {
        VBuffer<T> values = default;
        label.GetKeyValues(ref values);
        return [.. values.DenseValues().Select(value => string.Create(CultureInfo.InvariantCulture, $"{value}"))];
    }

    /// <summary>The image of a row, kept beyond the row: what is only valid for its time is copied.</summary>
    private static ImageInput Keep(ImageInput image, string row, ImageDecoder decoder)
    {
        if (image.Path is { } path) return path.Length > 0 ? image : ImageInput.None(row);
        if (image.Encoded is { } encoded) return new(encoded.ToArray(), row);
        if (image.Image is not { } mlImage) return ImageInput.None(row);
        var pixels = new PixelBuffer();
        pixels.CopyFrom(decoder.Decode(new(mlImage, row)));
        return new(pixels, row);
    }
}
