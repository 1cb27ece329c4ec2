using System.Globalization;

namespace ResNet.MLNet;

/// <summary>A field of a table that is written (RFC 4180), for spreadsheets, too.</summary>
internal static class CsvField
{
    /// <summary>
    /// The field of a text. Spreadsheets run a text that begins like a formula, so there it begins with an apostrophe, which they take for
    /// "this is text"; numbers stay.
    /// </summary>
    public static string Of(string text)
    {
        var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
        if (!isNumber && text is ['=' or '+' or '-' or '@' or '\t' or '\r', ..]) text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
