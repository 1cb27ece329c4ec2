namespace ResNet.MLNet;

/// <summary>Finds the names that somebody who mistyped one may have meant.</summary>
internal static class SimilarNames
{
    /// <summary>The names with the smallest edit distance (Levenshtein 1966) to what was typed, in any case, the nearest first.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="names">The names that there are; of those at the same distance the earlier ones are taken.</param>
    /// <param name="count">How many are wanted.</param>
    public static IEnumerable<string> Nearest(string typed, IEnumerable<string> names, int count) =>
        names.Distinct().OrderBy(name => Distance(typed.Trim().ToUpperInvariant(), name.ToUpperInvariant())).Take(count);

    private static int Distance(string from, string to)
    {
        var distances = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 0; i < from.Length; i++)
        {
            var diagonal = distances[0]++;
            for (var j = 0; j < to.Length; j++)
            {
                var replaced = diagonal + (from[i] == to[j] ? 0 : 1);
                diagonal = distances[j + 1];
                distances[j + 1] = Math.Min(replaced, 1 + Math.Min(diagonal, distances[j]));
            }
        }

        return distances[^1];
    }
}
