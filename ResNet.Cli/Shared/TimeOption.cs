using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ResNet.Cli;

/// <summary>The option <c>--time</c>: a duration such as 90s, 10m, 1h30m.</summary>
internal static partial class TimeOption
{
    public static Option<TimeSpan?> Create(string description) => new("--time")
    {
        HelpName = "DURATION",
        Description = description,
        CustomParser = Parse,
    };

    private static TimeSpan? Parse(ArgumentResult result)
    {
        var match = Text().Match(result.Tokens[0].Value.Trim());
        var time = TimeSpan.FromHours(Number("h")) + TimeSpan.FromMinutes(Number("m")) + TimeSpan.FromSeconds(Number("s"));
        if (match.Success && time > TimeSpan.Zero) return time;
        result.AddError($"'{result.Tokens[0].Value}' is not a duration above 0. Write it as 90s, 10m, 2h or 1h30m.");
        return null;

        double Number(string unit) =>
            match.Groups[unit].Success ? double.Parse(match.Groups[unit].Value, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(@"^(?:(?<h>\d{1,4})h)?(?:(?<m>\d{1,6})m)?(?:(?<s>\d{1,8})s)?$")]
    private static partial Regex Text();
}
