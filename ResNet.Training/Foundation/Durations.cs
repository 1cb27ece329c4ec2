using static System.FormattableString;

namespace ResNet.Training;

/// <summary>Durations in messages.</summary>
internal static class Durations
{
    /// <summary>In the two largest units: "45 s", "8 min 50 s", "2 h 5 min".</summary>
    public static string Text(TimeSpan duration)
    {
        var rounded = TimeSpan.FromSeconds(Math.Round(duration.TotalSeconds));
        if (rounded.TotalHours >= 1) return Join((int)rounded.TotalHours, "h", rounded.Minutes, "min");
        return rounded.TotalMinutes >= 1 ? Join(rounded.Minutes, "min", rounded.Seconds, "s") : Invariant($"{rounded.Seconds} s");
    }

    private static string Join(int large, string largeUnit, int small, string smallUnit) =>
        small == 0 ? Invariant($"{large} {largeUnit}") : Invariant($"{large} {largeUnit} {small} {smallUnit}");
}
