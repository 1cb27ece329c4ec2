// The classes, or the features, of many images by an ML.NET pipeline, split into shards for as many processes as one likes.
using System.CommandLine;
using BatchJob;

var model = new Option<string>("--model") { Description = "The model file (.onnx), or the name of published weights.", Required = true };
var images = new Option<string>("--images")
{
    Description = "A folder, with all images below it, or a text file with a path a line.",
    Required = true,
};
var output = new Option<string>("--output") { Description = "The folder that receives a CSV file for each shard.", Required = true };
var features = new Option<bool>("--features") { Description = "Writes the network's features in place of classes." };
var shard = new Option<int?>("--shard")
{
    Description = $"Which shard this process does, from 0. [default: {Shard.Variables}]",
};
var of = new Option<int>("--of") { Description = "The number of shards.", DefaultValueFactory = _ => 1 };

var command = new RootCommand("Classifies many images, in shards.") { model, images, output, features, shard, of };
command.SetAction((arguments, cancellation) => Task.Run(() =>
{
    try
    {
        var part = Shard.Choose(arguments.GetValue(shard), arguments.GetValue(of));
        var job = new Job(arguments.GetRequiredValue(model), arguments.GetValue(features));
        return job.Run(part, arguments.GetRequiredValue(images), arguments.GetRequiredValue(output), cancellation);
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("Stopped. Nothing of this shard is written; shards that are there stay.");
        return ExitCode.Stopped;
    }
    catch (ShardException problem)
    {
        Console.Error.WriteLine(problem.Message);
        return ExitCode.WrongUsage;
    }
    catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or InvalidDataException or ArgumentException)
    {
        Console.Error.WriteLine(problem.Message);
        return ExitCode.Failed;
    }
}));
var parsed = command.Parse(args);
// Time to finish the images that are in work after Ctrl-C or SIGTERM.
var exitCode = await parsed.InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(20) });
return parsed.Errors.Count > 0 ? ExitCode.WrongUsage : exitCode;

/// <summary>What a shell or an orchestrator is told.</summary>
internal static class ExitCode
{
    public const int Done = 0, Failed = 1, WrongUsage = 2, Stopped = 130;
}
