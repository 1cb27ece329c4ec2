using Spectre.Console;

namespace ResNet.Cli;

/// <summary>Opens what a user names as a model: a model file or the name of published weights.</summary>
internal static class Models
{
    /// <summary>Opens a model. Published weights are downloaded on first use, with a progress bar.</summary>
    public static ResNetModel Open(IAnsiConsole console, string model, CancellationToken cancellation) =>
        ResNetModel.Open(Find(console, model, cancellation));

    /// <summary>The path of a model's file. Published weights are downloaded on first use, with a progress bar.</summary>
    public static string Find(IAnsiConsole console, string model, CancellationToken cancellation)
    {
        var store = ModelStore.Default;
        if (File.Exists(model) || !console.Profile.Capabilities.Interactive) return store.Find(model, null, cancellation);
        return console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .Start(context => store.Find(model, new Bar(context.AddTask($"downloading {model}")), cancellation));
    }

    private sealed class Bar(ProgressTask task) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value)
        {
            task.MaxValue = value.Total ?? value.Received;
            task.Value = value.Received;
        }
    }
}
