// Classifies pictures: a line for each on the output, with its file, its class and the class's probability.
using System.CommandLine;
using ResNet.MLNet;

var model = new Option<string>("--model")
{
    Description = "A model file (.onnx), or the name of published weights, which are downloaded if they are not on this machine.",
    DefaultValueFactory = _ => "resnet18",
};
var pictures = new Argument<string[]>("PICTURE")
{
    Description = "Image files, and folders with all images below them.",
    Arity = ArgumentArity.OneOrMore,
};
var command = new RootCommand("Says what is in pictures.") { model, pictures };
command.SetAction(arguments => Classify(arguments.GetRequiredValue(model), arguments.GetRequiredValue(pictures)));
var parsed = command.Parse(args);
var exitCode = parsed.Invoke();
return parsed.Errors.Count > 0 ? 2 : exitCode;

static int Classify(string model, string[] names)
{
    try
    {
        using var network = ResNetModel.Open(ModelStore.Default.FindClassifier(model, new DownloadLine()));
        if (network.ClassCount is null) throw new InvalidDataException($"'{model}' gives features only, so it cannot name a class.");
        var failed = 0;
        foreach (var file in names.SelectMany(Files))
        {
            try
            {
                // A network of several labels a picture may give none.
                var labels = network.Classify(file, top: 1).Select(best => $"{file}\t{best.Label}\t{best.Probability:P1}");
                Console.WriteLine(string.Join('\n', labels.DefaultIfEmpty($"{file}\t\t")));
            }
            catch (InvalidImageException problem)
            {
                failed++;
                Console.Error.WriteLine(problem.Message);
            }
        }

        return failed == 0 ? 0 : 1;
    }
    catch (Exception problem) when (problem is IOException or InvalidDataException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(problem.Message);
        return 1;
    }
}

static IReadOnlyList<string> Files(string name)
{
    if (!Directory.Exists(name)) return [name];
    var files = ImageFiles.Below(name, Console.Error.WriteLine);
    return files.Count > 0 ? files : throw new FileNotFoundException($"There are no images in '{name}'.");
}

/// <summary>Shows on the error stream that a network is downloaded, and what is to be known of it.</summary>
internal sealed class DownloadLine : IProgress<DownloadProgress>
{
    private long _shown = -1;

    public void Report(DownloadProgress value)
    {
        if (value.Note is { } note) Console.Error.WriteLine(note);
        var megabytes = value.Received / 1_000_000;
        if (value.Note is not null || megabytes / 10 == _shown) return;
        _shown = megabytes / 10;
        Console.Error.WriteLine($"{value.FileName}: {megabytes} MB of {value.Total / 1_000_000} MB downloaded");
    }
}
