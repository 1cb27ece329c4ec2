using System.CommandLine;
using System.Text;
using CliCommand = System.CommandLine.Command;

namespace ResNet.Tests;

/// <summary>docs/commands.md, made from the commands themselves.</summary>
internal static class CommandReference
{
    /// <summary>The page.</summary>
    /// <param name="root">The command with its subcommands.</param>
    public static string Of(RootCommand root)
    {
        var page = new StringBuilder($"""
            # The command line

            Made from the commands' own help; a test keeps it equal, and `RESNET_REFRESH=1 dotnet test` writes it anew. `resnet` is the
            tool of the package ResNet.Cli, or `dotnet run -c Release --project ResNet.Cli --` in a clone. Exit codes: 0 done, 1 failed, 2
            wrong usage.

            """);
        var commands = root.Subcommands.Where(command => !command.Hidden).ToList();
        page.Append("\n| command | what it does |\n| --- | --- |\n");
        foreach (var command in commands)
            page.Append($"| [`resnet {command.Name}`](#resnet-{command.Name}) | {Cell(command.Description)} |\n");
        foreach (var command in commands) Append(page, command);
        return page.ToString();
    }

    private static void Append(StringBuilder page, CliCommand command)
    {
        var arguments = string.Concat(command.Arguments.Where(each => !each.Hidden).Select(Shown));
        page.Append($"\n## resnet {command.Name}\n\n{command.Description}\n\n    resnet {command.Name}{arguments} [options]\n");
        var rows = command.Arguments.Where(each => !each.Hidden).Select(each => ($"`{each.HelpName ?? each.Name}`", each.Description))
            .Concat(command.Options.Where(each => !each.Hidden && each.Name != "--help").Select(each => (Named(each), each.Description)))
            .ToList();
        if (rows.Count == 0) return;
        page.Append("\n| | |\n| --- | --- |\n");
        foreach (var (name, description) in rows) page.Append($"| {name} | {Cell(description)} |\n");

        static string Shown(Argument argument)
        {
            var name = argument.HelpName ?? argument.Name;
            var many = argument.Arity.MaximumNumberOfValues > 1 ? "..." : "";
            return argument.Arity.MinimumNumberOfValues == 0 ? $" [{name}{many}]" : $" {name}{many}";
        }
    }

    private static string Named(Option option)
    {
        var names = string.Join(", ", option.Aliases.Prepend(option.Name).Select(name => $"`{name}`"));
        var value = option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool) ? "" : $" {option.HelpName ?? "VALUE"}";
        return $"{names}{Cell(value)}{(option.Required ? " (required)" : "")}";
    }

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
