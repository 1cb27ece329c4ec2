using Spectre.Console;

namespace ResNet.Cli;

/// <summary>Opens what a user names with --model.</summary>
internal static class Models
{
    /// <summary>Opens a model file or published weights, which are fetched with a progress bar if they are not here.</summary>
    public static ResNetModel Open(IAnsiConsole console, string nameOrFile, CancellationToken cancellation) => ResNetModel.Open(Find(console, nameOrFile, cancellation));

    /// <summary>Finds a model file or published weights, which are fetched with a progress bar if they are not here.</summary>
    public static string Find(IAnsiConsole console, string nameOrFile, CancellationToken cancellation)
    {
        if (File.Exists(nameOrFile) || !console.Profile.Capabilities.Interactive) return ModelStore.Default.Find(nameOrFile, null, cancellation);
        return console.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .Start(context => ModelStore.Default.Find(nameOrFile, new Bar(context.AddTask($"fetching {nameOrFile}")), cancellation));
    }

    /// <summary>Whether a model file is one of ours, which says how its images are prepared.</summary>
    public static bool HasCard(string file) => ModelCard.Read(file) is not null;

    private sealed class Bar(ProgressTask task) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value)
        {
            task.MaxValue = value.Total ?? value.Received;
            task.Value = value.Received;
        }
    }
}
