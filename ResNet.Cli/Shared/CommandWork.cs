using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>What all commands have in common: how their work is run and how their tables look.</summary>
internal static class CommandWork
{
    /// <summary>The environment variable that, if set, makes errors show where they come from.</summary>
    private const string DebugVariable = "RESNET_DEBUG";

    /// <summary>Characters that mean nothing to a shell.</summary>
    private const string PlainCharacters = "-_./:,=+@%";

    /// <summary>Gives a command its work. An exception becomes a message on the error stream and exit code 1.</summary>
    /// <param name="command">The command.</param>
    /// <param name="work">Does the work and returns the exit code.</param>
    /// <param name="hintFor">Says which options help against a problem; null for none.</param>
    public static void SetWork(
        this Command command, Func<ParseResult, CancellationToken, int> work, Func<ParseResult, Exception, string?>? hintFor = null)
    {
        command.SetAction((parsed, cancellation) => Task.Run(() =>
        {
            try
            {
                return work(parsed, cancellation);
            }
            catch (Exception problem)
            {
                Console.Error.WriteLine(Describe(problem));
                if (hintFor?.Invoke(parsed, problem) is { } hint) Console.Error.WriteLine(hint);
                return ExitCode.Failed;
            }
        }));
    }

    /// <summary>The command as it was typed, quoted so that it can be typed again.</summary>
    public static string Repeat(ParseResult parsed) => $"resnet {string.Join(' ', parsed.Tokens.Select(token => Quote(token.Value)))}";

    /// <summary>A table in the style of all output.</summary>
    public static Table CreateTable(params ReadOnlySpan<string> columns)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var column in columns) table.AddColumn(column);
        return table;
    }

    /// <summary>A table of names and values, without a heading.</summary>
    public static Table CreateFacts() => CreateTable("", "").HideHeaders();

    /// <summary>Adds a name and its value to a table of facts; without a value nothing.</summary>
    public static void AddFact(this Table table, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) table.AddRow(new Text(PlainText.Of(name)), new Text(PlainText.Of(value)));
    }

    private static string Describe(Exception problem)
    {
        if (Environment.GetEnvironmentVariable(DebugVariable) is { Length: > 0 }) return problem.ToString();
        return problem switch
        {
            OperationCanceledException => "Stopped.",
            // Several threads that met the same problem say it once.
            AggregateException several => string.Join('\n', several.Flatten().InnerExceptions.Select(each => each.Message).Distinct()),
            _ => problem.Message,
        };
    }

    /// <summary>A word as a shell takes it for one.</summary>
    public static string Quote(string word)
    {
        var isPlain = word.Length > 0 && word.All(letter => char.IsLetterOrDigit(letter) || PlainCharacters.Contains(letter));
        return isPlain ? word : $"\"{word.Replace("\"", "\\\"")}\"";
    }
}
