using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>A column of any number of labels a row: a vector of text, or text with separators.</summary>
internal static class LabelSetColumn
{
    /// <summary>Whether a column gives a row any number of labels.</summary>
    /// <param name="label">The column.</param>
    /// <param name="separators">The letters that separate labels in a text; null where a text is one class.</param>
    /// <exception cref="ArgumentException">There are separators, and the column is not text.</exception>
    public static bool Is(DataViewSchema.Column label, string? separators) =>
        Is(label.Name, label.Type is TextDataViewType, label.Type is VectorDataViewType { ItemType: TextDataViewType }, separators);

    /// <summary>The same before there is data.</summary>
    public static bool Is(SchemaShape.Column label, string? separators)
    {
        var isText = label.ItemType is TextDataViewType && !label.IsKey;
        var isScalar = label.Kind == SchemaShape.Column.VectorKind.Scalar;
        return Is(label.Name, isText && isScalar, isText && !isScalar, separators);
    }

    /// <summary>Gives a function that reads the labels of the row that a cursor is on, each once.</summary>
    /// <param name="row">The cursor.</param>
    /// <param name="label">The column.</param>
    /// <param name="separators">The letters that separate labels in a text; null for a vector.</param>
    public static Func<string[]> Reader(DataViewRow row, DataViewSchema.Column label, string? separators)
    {
        if (separators is not null)
        {
            var text = row.GetGetter<ReadOnlyMemory<char>>(label);
            return () =>
            {
                ReadOnlyMemory<char> value = default;
                text(ref value);
                return ImageLabels.Split(value.ToString(), separators);
            };
        }

        var texts = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(label);
        VBuffer<ReadOnlyMemory<char>> values = default;
        return () =>
        {
            texts(ref values);
            return [.. values.DenseValues().Select(value => value.ToString()).Where(name => name.Length > 0).Distinct()];
        };
    }

    private static bool Is(string name, bool isText, bool isVectorOfText, string? separators)
    {
        if (separators is null || isText) return separators is not null || isVectorOfText;
        throw new ArgumentException(
            $"The column '{name}' is not text, so no labels are separated in it. A vector of text has any number of labels as it is.");
    }
}
