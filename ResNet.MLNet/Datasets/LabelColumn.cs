using System.Globalization;
using System.Numerics;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// The column of classes in an <see cref="IDataView"/>, a key or text: finds it, checks its type and reads its rows. Of a vector of text
/// see <see cref="LabelSetColumn"/>.
/// </summary>
internal static class LabelColumn
{
    private const ulong MostClasses = 1_000_000;

    /// <summary>Finds the column of classes in data.</summary>
    /// <param name="schema">The columns.</param>
    /// <param name="name">The column's name.</param>
    /// <exception cref="ArgumentException">The column is missing or has another type; the message names it.</exception>
    public static DataViewSchema.Column Find(DataViewSchema schema, string name)
    {
        var label = schema.GetColumnOrNull(name)
            ?? throw Missing(name, schema.Where(column => !column.IsHidden).Select(column => column.Name));
        if (label.Type is KeyDataViewType { Count: > MostClasses } key)
        {
            throw new ArgumentException(
                $"The column '{name}' is a key of {key.Count:N0} values; at most {MostClasses:N0} classes are possible.");
        }

        var holdsClasses = label.Type is KeyDataViewType or TextDataViewType or VectorDataViewType { ItemType: TextDataViewType };
        return holdsClasses ? label : throw WrongType(name, label.Type.ToString()!);
    }

    /// <summary>Checks before there is data that the column of classes is there and holds classes.</summary>
    /// <inheritdoc cref="Find" path="/param|/exception"/>
    public static void Check(SchemaShape schema, string name)
    {
        if (!schema.Any(column => column.Name == name)) throw Missing(name, schema.Select(column => column.Name));
        var label = schema.First(column => column.Name == name);
        var isVector = label.Kind != SchemaShape.Column.VectorKind.Scalar;
        var isText = label.ItemType is TextDataViewType && !label.IsKey;
        var holdsClasses = isText || (label.IsKey && !isVector);
        if (!holdsClasses) throw WrongType(name, $"{(isVector ? "vector of " : "")}{label.ItemType}");
    }

    /// <summary>The values of a key column as texts, or their numbers from 0 if it has no values; null for a column of text.</summary>
    public static IReadOnlyList<string>? KeyNames(DataViewSchema.Column label)
    {
        if (label.Type is not KeyDataViewType key) return null;
        var values = label.Annotations.Schema.GetColumnOrNull("KeyValues")?.Type as VectorDataViewType;
        if (values is not { Size: > 0 })
            return [.. Enumerable.Range(0, (int)key.Count).Select(number => number.ToString(CultureInfo.InvariantCulture))];
        var texts = typeof(LabelColumn).GetMethod(nameof(TextsOf), BindingFlags.Static | BindingFlags.NonPublic)!;
        return (IReadOnlyList<string>)texts.MakeGenericMethod(values.ItemType.RawType).Invoke(null, [label])!;
    }

    /// <summary>The type of a key's values; null for texts and for a key without values.</summary>
    public static DataKind? KindOf(DataViewSchema.Column label) =>
        label.Type is KeyDataViewType && label.Annotations.Schema.GetColumnOrNull("KeyValues")?.Type is VectorDataViewType values
            ? KindOf(values.ItemType)
            : null;

    /// <summary>The same before there is data.</summary>
    public static DataKind? KindOf(SchemaShape schema, string name)
    {
        var values = schema.First(column => column.Name == name).Annotations.Where(column => column.Name == "KeyValues").ToList();
        return values is [var found] ? KindOf(found.ItemType) : null;
    }

    /// <summary>A class's name: the value of a key as text that can be read back.</summary>
    public static string TextOf<T>(T value) => value is DateTime or DateTimeOffset
        ? string.Create(CultureInfo.InvariantCulture, $"{value:O}")
        : string.Create(CultureInfo.InvariantCulture, $"{value}");

    /// <summary>
    /// Gives a function that reads the name of the class of the row that a cursor is on; null or empty for a row without one.
    /// </summary>
    /// <param name="row">The cursor.</param>
    /// <param name="label">The column of classes.</param>
    /// <param name="keys">The names of a key's values (<see cref="KeyNames"/>).</param>
    public static Func<string?> Reader(DataViewRow row, DataViewSchema.Column label, IReadOnlyList<string>? keys)
    {
        if (keys is null) return TextReader(row, label);
        var type = label.Type.RawType;
        if (type == typeof(byte)) return KeyReader<byte>(row, label, keys);
        if (type == typeof(ushort)) return KeyReader<ushort>(row, label, keys);
        return type == typeof(ulong) ? KeyReader<ulong>(row, label, keys) : KeyReader<uint>(row, label, keys);
    }

    private static Func<string?> TextReader(DataViewRow row, DataViewSchema.Column label)
    {
        var text = row.GetGetter<ReadOnlyMemory<char>>(label);
        return () =>
        {
            ReadOnlyMemory<char> value = default;
            text(ref value);
            return value.ToString();
        };
    }

    private static Func<string?> KeyReader<T>(DataViewRow row, DataViewSchema.Column label, IReadOnlyList<string> keys)
        where T : struct, IUnsignedNumber<T>
    {
        var getter = row.GetGetter<T>(label);
        return () =>
        {
            T value = default;
            getter(ref value);
            // Keys count from 1; 0 is a missing one.
            var number = ulong.CreateChecked(value);
            return number > 0 && number <= (ulong)keys.Count ? keys[(int)number - 1] : null;
        };
    }

    private static List<string> TextsOf<T>(DataViewSchema.Column label)
    {
        VBuffer<T> values = default;
        label.GetKeyValues(ref values);
        return [.. values.DenseValues().Select(TextOf)];
    }

    // The kinds have the names of .NET's types; the type of text has another one.
    private static DataKind? KindOf(DataViewType type) => Enum.TryParse<DataKind>(type.RawType.Name, out var kind) ? kind : null;

    private static ArgumentException Missing(string name, IEnumerable<string> columns) =>
        new($"There is no column '{name}' with the classes. Columns are: {string.Join(", ", columns)}. Pass labelColumnName.");

    private static ArgumentException WrongType(string name, string type) => new(
        $"The column '{name}' is {type}, but the classes are a key or text: " +
        $"put mlContext.Transforms.Conversion.MapValueToKey(\"{name}\") in front.");
}
