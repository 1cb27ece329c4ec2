using System.Globalization;
using Microsoft.ML.Data;

namespace ResNet.MLNet.Interactive;

/// <summary>A value of a table as text; of a long vector only the first values.</summary>
internal static class CellText
{
    private const int MostValues = 4;

    /// <summary>The text of a value.</summary>
    public static string Of(object? value) => value switch
    {
        null => "",
        VBuffer<float> vector => OfVector(vector),
        MLImage image => $"image, {image.Width} x {image.Height}",
        float number => number.ToString("0.####", CultureInfo.InvariantCulture),
        double number => number.ToString("0.####", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static string OfVector(VBuffer<float> vector)
    {
        var first = vector.DenseValues().Take(MostValues).Select(number => number.ToString("0.##", CultureInfo.InvariantCulture));
        var rest = vector.Length > MostValues ? $", … ({vector.Length} numbers)" : "";
        return string.Join(", ", first) + rest;
    }
}
