using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>`resnet tune`: tries recipes for fine-tuning on folds of the training images and writes the best one.</summary>
internal static class TuneCommand
{
    /// <summary>The most networks that are tried without being named.</summary>
    private const int MostAtHand = 3;

    public static Command Create()
    {
        var run = new RunOptions();
        var output = new Option<string>("--output")
        {
            Required = true,
            HelpName = "DIR",
            Description = "The folder for recipe.json (the winner), trials.csv (the table) and trials.jsonl (to resume from).",
        };
        var time = TimeOption.Create("The time that the search may take, such as 10m or 1h30m.");
        time.Required = true;
        var also = new Option<string[]>("--also-from")
        {
            HelpName = "FILE | NAME",
            Description = "Another trained network to try; may be given several times. [default: without --start-from those that are on " +
                "this machine]",
        };
        var candidates = CommonOptions.Positive("--candidates", "The most recipes that are tried. [default: 60]");
        var resume = new Option<bool>("--resume") { Description = "Continue the search in the output folder, if there is one." };
        var overwrite = new Option<bool>("--overwrite") { Description = "Replace the search in the output folder." };
        var command = new Command("tune", "Searches the best recipe for fine-tuning a trained network on your images, in a given time.")
        {
            output,
            time,
            also,
            candidates,
            resume,
            overwrite,
        };
        run.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(resume) && result.GetValue(overwrite)) result.AddError("--resume and --overwrite exclude each other.");
        });
        command.SetWork(
            (parsed, cancellation) =>
            {
                var folder = parsed.GetRequiredValue(output);
                var existing = parsed.GetValue(overwrite) ? ExistingRun.Overwrite : ExistingRun.Refuse;
                if (parsed.GetValue(resume)) existing = ExistingRun.Resume;
                var options = run.FitBatch(parsed, run.Get(parsed, folder, cancellation), cancellation) with { IfExists = existing };
                if (options.StartFrom is null)
                    throw new ArgumentException("Recipes are tuned for fine-tuning, which needs a network to start from (--start-from).");
                var others = Others(parsed.GetValue(also) ?? [], parsed.GetResult("--start-from") is null, options.StartFrom, cancellation);
                TuningOptions tuning = new()
                {
                    Training = options,
                    OtherStarts = [.. others.Keys],
                    Time = parsed.GetRequiredValue(time)!.Value,
                    Seed = options.Resolve().Recipe.Seed,
                };
                if (parsed.GetValue(candidates) is { } most) tuning = tuning with { Candidates = most };
                return Tune(AnsiConsole.Console, tuning, trial => TrainingCommand(parsed, trial, others), cancellation);
            },
            run.HintFor);
        return command;
    }

    private static int Tune(
        IAnsiConsole console, TuningOptions options, Func<TuningResult, string> next, CancellationToken cancellation)
    {
        try
        {
            var display = new TuningDisplay(console);
            var result = display.Show(() => ResNetTraining.Tune(options, display, cancellation));
            console.Write(TableOf(result));
            console.WriteLine(result.Message);
            console.WriteLine($"Its recipe is {result.RecipeFile}. To train with it:");
            console.WriteLine($"  {next(result)}");
            return ExitCode.Done;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            var folder = options.Training.OutputFolder;
            Console.Error.WriteLine($"Stopped. The trials so far are in {folder}; run the same command with --resume to continue.");
            return ExitCode.Failed;
        }
    }

    /// <summary>The networks to try besides the first, each with what it is called on the command line.</summary>
    private static Dictionary<StartingPoint, string> Others(
        string[] named, bool isFirstChosen, StartingPoint first, CancellationToken cancellation)
    {
        string[] names = named.Length == 0 && isFirstChosen ? AtHand(first) : named;
        Dictionary<StartingPoint, string> others = [];
        foreach (var name in names)
        {
            var start = StartingPoint.Open(Models.Find(AnsiConsole.Console, name, cancellation), cancellation: cancellation);
            foreach (var note in start.Notes) Console.Error.WriteLine(note);
            others.Add(start, name);
        }

        if (named.Length == 0 && names.Length > 0)
            AnsiConsole.Console.WriteLine($"Also tried, as they are on this machine: {string.Join(", ", names)}.");
        return others;
    }

    /// <summary>The smallest published networks on this machine of other kinds than the first.</summary>
    private static string[] AtHand(StartingPoint first) =>
    [
        .. PretrainedResNet.All
            .Where(weights => weights.Architecture.Stem == first.Architecture.Stem && ModelStore.Default.Has(weights))
            .Where(weights => weights.Architecture.StageBlocks.Sum() != first.Architecture.StageBlocks.Sum())
            .OrderBy(weights => weights.Architecture.StageBlocks.Sum())
            .DistinctBy(weights => weights.Architecture.Name)
            .Take(MostAtHand)
            .Select(weights => weights.Name),
    ];

    /// <summary>The command that trains with the winner: what was typed, but for what is the search's and what the recipe says.</summary>
    private static string TrainingCommand(ParseResult parsed, TuningResult result, Dictionary<StartingPoint, string> others)
    {
        if (!others.TryGetValue(result.Winner.Start, out var start)) start = parsed.GetValue<string?>("--start-from");
        List<string> words = ["resnet", "train"];
        var isKept = false;
        foreach (var token in parsed.Tokens.Skip(1))
        {
            if (token.Type == TokenType.Option) isKept = Kept.Contains(token.Value);
            if (token.Value == "--teacher" && result.Winner.Decided.Distillation is null) isKept = false;
            if (isKept) words.Add(CommandWork.Quote(token.Value));
        }

        if (start is not null) words.AddRange(["--start-from", CommandWork.Quote(start)]);
        words.AddRange(["--recipe", CommandWork.Quote(result.RecipeFile), "--output", "run"]);
        return string.Join(' ', words);
    }

    /// <summary>The options that say what is trained on and where, and not how.</summary>
    private static readonly HashSet<string> Kept =
    [
        "--data",
        "--multi-label",
        "--label-separators",
        "--teacher",
        "--entry",
        "--validation",
        "--bad-images",
        "--device",
        "--max-pixels",
        "--max-file-bytes",
    ];

    private static Table TableOf(TuningResult result)
    {
        var table = CommandWork.CreateTable(
            "rank", "network", "differs in", "round", "accuracy in %", "log loss", "trained share", "seconds");
        foreach (var trial in result.Trials)
        {
            var differs = trial.IsStandard ? "(standard)" : string.Join(", ", trial.Changes);
            string[] cells =
            [
                Text($"{trial.Rank}"),
                trial.Start.Name,
                differs,
                Text($"{trial.Round}"),
                Text($"{100 * trial.Accuracy:0.0} ± {100 * trial.StandardError:0.0}"),
                Text($"{trial.Loss:0.000}"),
                Text($"{trial.TrainedShare:0.##}"),
                Text($"{trial.Seconds:0}"),
            ];
            table.AddRow([.. cells.Select(cell => new Text(cell))]);
        }

        return table;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
