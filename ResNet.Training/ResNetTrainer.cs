using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using static System.FormattableString;

namespace ResNet.Training;

/// <summary>
/// Trains a ResNet on a column of images and a column of classes. What it gives scores with ONNX Runtime: it is saved into and loaded from
/// ML.NET model files by applications that have neither this library nor TorchSharp.
/// </summary>
/// <remarks>
/// The classes are the values of the label's key in their order, so that <c>Evaluate</c> compares what belongs together. The rows are read
/// once, before training (<see cref="ImageDataset.FromDataView"/>). Progress goes to <c>mlContext.Log</c>, a line an epoch.
/// </remarks>
public sealed partial class ResNetTrainer : IEstimator<ResNetTransformer>
{
    private readonly IHost _host;
    private readonly Options _options;

    internal ResNetTrainer(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.LabelColumnName, nameof(options.LabelColumnName));
        ArgumentException.ThrowIfNullOrEmpty(options.ScoreColumnName, nameof(options.ScoreColumnName));
        if (options.ScoreColumnName == options.PredictedLabelColumnName)
            throw new ArgumentException($"The scores and the predicted labels cannot both be in the column '{options.ScoreColumnName}'.");
        if (options.ValidationShare is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.ValidationShare, "ValidationShare must be in [0, 1).");
        if (options is { StartFrom: not null, FromScratch: true })
            throw new ArgumentException("StartFrom names a network to start from, and FromScratch says not to. Set one of them.");
        ArgumentOutOfRangeException.ThrowIfNegative(options.Epochs ?? 0, nameof(options.Epochs));
        if (options.LabelSeparators is { } separators) ImageLabels.CheckSeparators(separators);
        // The transformer needs it: that it is missing is said now and not after hours of training.
        OnnxRuntimeLibrary.Load();
        (_host, _options) = (environment.Register(nameof(ResNetTrainer)), options);
    }

    /// <summary>Trains on the rows; <see cref="Options.ValidationShare"/> of them is split off for validation.</summary>
    /// <inheritdoc cref="Fit(IDataView, IDataView)"/>
    public ResNetTransformer Fit(IDataView input) => Fit(input, null);

    /// <summary>Trains on some rows and validates on others.</summary>
    /// <param name="input">The rows to train on, with the columns of images and of classes.</param>
    /// <param name="validation">
    /// The rows to validate on, with columns of the same names. Classes are matched by name, whatever their keys. Null:
    /// <see cref="Options.ValidationShare"/> of the first are split off.
    /// </param>
    /// <returns>A transformer that adds the scores (probabilities) and the predicted label. Disposing it frees the network.</returns>
    /// <exception cref="ArgumentException">A column is missing or of another type; the message names it.</exception>
    /// <exception cref="InvalidDataException">
    /// There are fewer than two classes, the validation rows have a class that the others lack, or no image can be read.
    /// </exception>
    /// <exception cref="FileNotFoundException">
    /// There is neither a file nor an entry of the catalog that <see cref="Options.StartFrom"/> names.
    /// </exception>
    /// <exception cref="InvalidImageException">
    /// An image cannot be read and <see cref="Options.OnBadTrainingImage"/> says to throw.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// <see cref="Options.Cancellation"/> was canceled, or the context was.
    /// </exception>
    /// <exception cref="IOException">
    /// <see cref="Options.OutputFolder"/> cannot be written, or holds a run and <see cref="Options.IfExists"/> says to refuse; or weights
    /// to start from cannot be fetched.
    /// </exception>
    /// <exception cref="TrainingDivergedException">The loss is not finite any more.</exception>
    /// <exception cref="LibTorchException">libtorch cannot be loaded.</exception>
    public ResNetTransformer Fit(IDataView input, IDataView? validation)
    {
        ArgumentNullException.ThrowIfNull(input);
        var seed = Seed();
        List<string> notes = [];
        var images = ImageColumn.Find(input.Schema, _options.InputColumnName).Name;
        var kind = LabelColumn.KindOf(LabelColumn.Find(input.Schema, _options.LabelColumnName));
        var columns = new DataViewColumns(_options.LabelColumnName, images, _options.ImageFolder)
        {
            LabelSeparators = _options.LabelSeparators,
        };
        var training = Read(input, null);
        CheckClasses(training, images);

        var data = validation is null
            ? TrainingData.Split(training, _options.ValidationShare, seed)
            : new TrainingData(training, Read(validation, training.Labels));
        var bytes = Train(data with { Notes = notes }, seed);
        // If ONNX Runtime cannot use the GPU that libtorch trained on, the network scores on the CPU: training is not to be lost for that.
        return ResNetTransformer.FromBytes(_host, Scoring with { InputColumnName = images, LabelKind = kind }, bytes, fallbackToCpu: true);

        ImageDataset Read(IDataView rows, IReadOnlyList<string>? labels) =>
            DataViewImages.Read(rows, columns, labels, notes.Add, beforeRow: ThrowIfCanceled);
    }

    private void CheckClasses(ImageDataset training, string images)
    {
        if (training.Count == 0)
        {
            throw new InvalidDataException(
                $"There are no images to train on: no row has an image in the column '{images}' and a class in the column " +
                $"'{_options.LabelColumnName}'. Look at the folder, table or filter that the rows come from.");
        }

        if (training.Labels.Count >= (training.IsMultiLabel ? 1 : 2)) return;
        var classes = Plural.Of(training.Labels.Count, "class", "classes");
        var only = training.Labels is [var name] ? $", '{name}'" : "";
        var needed = training.IsMultiLabel ? "one" : "two";
        throw new InvalidDataException(
            $"The column '{_options.LabelColumnName}' has {classes}{only}; a classifier needs {needed} or more. " +
            "Classes that folders give are the names of the folders that the images lie in.");
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A column is missing or of another type; the message names it.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ImageColumn.Check(inputSchema, _options.InputColumnName);
        LabelColumn.Check(inputSchema, _options.LabelColumnName);
        var columns = inputSchema.ToDictionary(column => column.Name);
        // A shape does not say how many classes there are.
        var kind = LabelColumn.KindOf(inputSchema, _options.LabelColumnName);
        var sample = LabelValues.Sample(kind ?? DataKind.String);
        var isMultiLabel = LabelSetColumn.Is(columns[_options.LabelColumnName], _options.LabelSeparators);
        var scores = ScoreColumns.Create(Scoring with { LabelKind = kind }, 2, [sample, sample], isMultiLabel);
        foreach (var column in MLNetInternals.ShapeOf(scores)) columns[column.Name] = column;
        return new(columns.Values);
    }

    /// <summary>How the trained network is applied.</summary>
    private ScoringOptions Scoring => new()
    {
        OutputColumnName = _options.ScoreColumnName,
        PredictedLabelColumnName = _options.PredictedLabelColumnName,
        Output = ResNetOutput.Probabilities,
        ImageFolder = _options.ImageFolder,
        OnBadImage = _options.OnBadImage,
        MaximumPixels = _options.MaximumPixels,
        MaximumFileBytes = _options.MaximumFileBytes == ImageLimits.DefaultMaximumFileBytes ? null : _options.MaximumFileBytes,
    };

    /// <summary>A network that is named, such as the one to start from; what is to be said of its weights goes to the log.</summary>
    private StartingPoint? OpenNetwork(string? model, IChannel channel, CancellationToken cancellation)
    {
        if (model is null) return null;
        var start = StartingPoint.Open(model, new DownloadLog(_host, channel), cancellation: cancellation);
        foreach (var note in start.Notes) channel.Info(MessageSensitivity.None, $"{start.Name}: {note}");
        return start;
    }

    /// <summary>The options with what the run starts from, if the user does not say it; the log tells.</summary>
    private TrainingOptions WithStart(IChannel channel, TrainingOptions options, CancellationToken cancellation)
    {
        if (options.StartFrom is not null || options.Architecture is not null) return options;
        bool? fromScratch = _options.FromScratch ? true : null;
        var start = DefaultStart.Choose(options, fromScratch, new DownloadLog(_host, channel), cancellation);
        var change = start.IsResumed ? "" : " The options StartFrom, FromScratch and Architecture change this.";
        channel.Info(MessageSensitivity.UserData, start.Reason + change);
        return start.ApplyTo(options);
    }

    private static void LogAccuracy(IChannel channel, TrainingResult result)
    {
        var kind = MessageSensitivity.UserData;
        if (result.Validation is { } validation)
        {
            var (lower, upper) = validation.Top1Interval;
            var interval = Invariant($"95 % interval {100 * lower:0.00} to {100 * upper:0.00}");
            var majority = Invariant($"always the same class would give {100 * validation.MajorityShare:0.00} %");
            channel.Info(kind, Invariant($"Validation accuracy {100 * validation.Top1:0.00} % ({interval}); {majority}."));
        }

        foreach (var note in result.Notes)
        {
            if (result.Validation is { IsAboveMajority: false }) channel.Warning(kind, note);
            else channel.Info(kind, note);
        }
    }

    /// <summary>Trains, and gives the bytes of the model file.</summary>
    private byte[] Train(TrainingData data, long seed)
    {
        var folder = _options.OutputFolder ?? Path.Combine(MLNetInternals.TemporaryFolderOf(_host), $"resnet-{Guid.NewGuid():N}");
        using var channel = _host.Start("Training");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_options.Cancellation);
        try
        {
            var options = new TrainingOptions
            {
                Architecture = _options.Architecture,
                StartFrom = OpenNetwork(_options.StartFrom, channel, stop.Token),
                Teacher = OpenNetwork(_options.Teacher, channel, stop.Token),
                Data = data,
                Recipe = _options.Recipe,
                OutputFolder = folder,
                IfExists = _options.IfExists,
                Device = Device(channel),
                OnBadImage = _options.OnBadTrainingImage,
                MaximumPixels = _options.MaximumPixels,
                MaximumFileBytes = _options.MaximumFileBytes,
            };
            options = WithStart(channel, options, stop.Token);
            var recipe = options.Resolve().Recipe with { Seed = seed };
            if (_options.Epochs is { } epochs) recipe = recipe.WithEpochs(epochs);
            var result = ResNetTraining.Run(options with { Recipe = recipe }, new Reporter(this, channel, stop), stop.Token);
            if (result.History.Count > 1) channel.Info(MessageSensitivity.None, $"The network is that of epoch {result.Kept.Epoch}.");
            LogAccuracy(channel, result);
            return File.ReadAllBytes(result.ModelFile);
        }
        catch (OperationCanceledException)
        {
            ThrowIfCanceled();
            throw;
        }
        finally
        {
            if (_options.OutputFolder is null && Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private long Seed()
    {
        if (_options.Recipe is { Seed: not 0 and var chosen }) return chosen;
        if (MLNetInternals.SeedOf(_host) is { } given) return given;
        if (_options is { OutputFolder: not null, IfExists: ExistingRun.Resume })
        {
            throw new ArgumentException(
                "A run can only be resumed with the seed that it began with: pass a seed to MLContext, or set the recipe's.");
        }

        return _host.Rand.Next();
    }

    private string Device(IChannel channel)
    {
        if (_options.Device is { } device) return device;
        var (gpu, fallbackToCpu) = MLNetInternals.DeviceOf(_host);
        if (gpu is null) return "auto";
        if (!fallbackToCpu || gpu < LibTorch.Load().CudaDevices) return $"cuda:{gpu}";
        channel.Warning(MessageSensitivity.UserData, $"libtorch finds no CUDA device {gpu}; training on the CPU.");
        return "cpu";
    }

    private void ThrowIfCanceled()
    {
        _options.Cancellation.ThrowIfCancellationRequested();
        MLNetInternals.ThrowIfCanceled(_host);
    }

    /// <summary>Hands progress on to the log and to the user, and stops the run when the context is canceled.</summary>
    private sealed class Reporter(ResNetTrainer trainer, IChannel channel, CancellationTokenSource stop) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (MLNetInternals.IsCanceled(trainer._host)) stop.Cancel();
            if (value.Message is { } message) channel.Warning(MessageSensitivity.UserData, message);
            if (value.Completed is { } epoch) channel.Info(MessageSensitivity.None, Describe(epoch, value.Epochs));
            trainer._options.Progress?.Report(value);
        }

        private static string Describe(EpochMetrics epoch, int epochs)
        {
            var name = epoch.Epoch == 0 ? "New head" : $"Epoch {epoch.Epoch} of {epochs}";
            var training = Invariant($"training loss {epoch.TrainingLoss:0.0000}, accuracy {100 * epoch.TrainingAccuracy:0.00} %");
            var score = epoch.Top1 is null ? "mean average precision" : "accuracy";
            var validation = epoch.Score is { } best
                ? Invariant($"; validation loss {epoch.ValidationLoss:0.0000}, {score} {100 * best:0.00} %")
                : "";
            var pace = Invariant($"learning rate {epoch.LearningRate:0.#####}, {epoch.ImagesPerSecond:0} images/s");
            return $"{name}: {training}{validation}; {pace}.";
        }
    }
}
