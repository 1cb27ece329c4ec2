using System.CommandLine;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>Opens what a user names as a model: a model file or the name of published weights.</summary>
internal static class Models
{
    /// <summary>
    /// Opens a model for classification. Published weights are downloaded on first use, with a progress bar; how images are prepared for
    /// a graph from elsewhere the options say.
    /// </summary>
    public static ResNetModel Open(
        IAnsiConsole console, string model, PreprocessingOptions preprocessing, ParseResult parsed, CancellationToken cancellation)
    {
        var file = Find(console, model, cancellation, needsClasses: true);
        return ResNetModel.Open(file, preprocessing.ForModel(parsed, file));
    }

    /// <summary>The path of a model's file. Published weights are downloaded on first use, with a progress bar.</summary>
    /// <param name="console">Where progress is shown.</param>
    /// <param name="model">The path or the name.</param>
    /// <param name="cancellation">Stops a download.</param>
    /// <param name="needsClasses">Whether features are not enough, so that the name of an architecture means torchvision's.</param>
    public static string Find(IAnsiConsole console, string model, CancellationToken cancellation, bool needsClasses = false)
    {
        var store = ModelStore.Default;
        if (File.Exists(model)) return store.Find(model, null, cancellation);
        if (PretrainedResNet.Find(model) is null) return FindUnknown(store, model, cancellation);
        var download = new Download();
        var path = console.Profile.Capabilities.Interactive
            ? ShowProgress(console, model, bar => Get(download.ShownBy(bar)))
            : Get(download);
        foreach (var note in download.Notes) Console.Error.WriteLine(note);
        return path;

        string Get(Download progress) =>
            needsClasses ? store.FindClassifier(model, progress, cancellation) : store.Find(model, progress, cancellation);
    }

    /// <summary>Fails: what is named is neither a file nor published weights.</summary>
    private static string FindUnknown(ModelStore store, string model, CancellationToken cancellation)
    {
        try
        {
            return store.Find(model, null, cancellation);
        }
        catch (FileNotFoundException problem) when (!Directory.Exists(model) && !IsFileName(model))
        {
            throw new FileNotFoundException($"{problem.Message} `resnet info` lists all.", model, problem);
        }
    }

    private static bool IsFileName(string model) => model.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);

    private static string ShowProgress(IAnsiConsole console, string model, Func<ProgressTask, string> work) => console.Progress()
        .AutoClear(true)
        .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn())
        .Start(context => work(context.AddTask($"downloading {model}")));

    /// <summary>Collects what the store tells, and moves a progress bar.</summary>
    public sealed class Download : IProgress<DownloadProgress>
    {
        private readonly List<string> _notes = [];
        private ProgressTask? _bar;
        private bool _saidThatItWaits;

        /// <summary>What was chosen and downloaded, in sentences.</summary>
        public IReadOnlyList<string> Notes => _notes;

        public Download ShownBy(ProgressTask bar)
        {
            _bar = bar;
            return this;
        }

        public void Report(DownloadProgress value)
        {
            if (value.Note is { } text)
            {
                _notes.Add(text);
                return;
            }

            if (value.WaitsFor is { } other)
            {
                Wait(other, value.FileName);
                return;
            }

            if (_bar is not null)
            {
                _bar.Description = $"downloading {value.FileName}".EscapeMarkup();
                (_bar.MaxValue, _bar.Value) = (value.Total ?? value.Received, value.Received);
            }

            if (value.Sha256 is not { } hash) return;
            var note = value.WasKnown ? "" : "; only the beginning of it was known, from now on a download must have all of it";
            _notes.Add($"{value.FileName} was downloaded. Its SHA-256 is {hash}{note}.");
        }

        /// <summary>Says that another process is waited for: in the bar, or once on a line.</summary>
        private void Wait(string other, string fileName)
        {
            if (_bar is not null) _bar.Description = $"waiting for {other}".EscapeMarkup();
            else if (!_saidThatItWaits) Console.Error.WriteLine($"Waiting for {other}, which makes {fileName}.");
            _saidThatItWaits = true;
        }
    }
}
