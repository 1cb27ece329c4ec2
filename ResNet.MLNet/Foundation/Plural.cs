namespace ResNet.MLNet;

/// <summary>Words of messages that depend on a number.</summary>
internal static class Plural
{
    /// <summary>A number and the word for it, such as "1 row" and "2 rows".</summary>
    public static string Of(int count, string one, string many) => $"{count} {Choose(count, one, many)}";

    /// <summary>The word for one thing or for none or several, such as "is" and "are".</summary>
    public static string Choose(int count, string one, string many) => count == 1 ? one : many;
}
