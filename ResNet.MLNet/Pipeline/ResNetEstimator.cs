using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>Applies a trained ResNet to a column of images. Nothing is learned: <see cref="Fit"/> only checks the columns.</summary>
public sealed partial class ResNetEstimator : IEstimator<ResNetTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly ScoringOptions _options;
    private readonly SharedModel _model;

    internal ResNetEstimator(IHostEnvironment environment, Options options, ResNetArchitecture? expected = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        OnnxRuntimeLibrary.Load();
        _environment = environment.Register(nameof(ResNetEstimator));
        _options = options.Scoring;
        _options.Check();
        using var file = OpenedModel.Open(Find(options.Model, options.Output), options.Preprocessing);
        ScoreColumns.Check(_options, file);
        // Options such as strides and widths may differ; they stand behind the network's name.
        if (expected is not null && file.Architecture is { } found && !found.HasNameOf(expected))
        {
            throw new ArgumentException($"The weights '{options.Model}' are of a {found.Name}, not of a {expected.Name}.");
        }

        if (file.Architecture is null)
        {
            using var channel = _environment.Start("ResNet");
            channel.Info($"'{options.Model}' is {file.Card.Source}.");
        }

        var device = MLNetInternals.DeviceOf(_environment, options.GpuDeviceId, options.FallbackToCpu);
        _model = new(_environment, file, device);
        // Only loading tells whether a CUDA device can be used, and the caller is to know it now and not when fitting.
        if (device.GpuDeviceId is not null) _model.Take().Dispose();
    }

    /// <summary>What the network's file says of itself, such as where its weights are from (<see cref="ModelCard.Source"/>).</summary>
    public ModelCard Card => _model.File.Card;

    /// <summary>Checks the columns and gives the transformer.</summary>
    /// <param name="input">Data with the column of images.</param>
    /// <exception cref="ArgumentException">The column is missing or of another type; the message names it.</exception>
    public ResNetTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var images = ImageColumn.Find(input.Schema, _options.InputColumnName, _options.OutputColumnName);
        return new(_environment, _options with { InputColumnName = images.Name }, _model.Take());
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The column is missing or of another type; the message names it.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ImageColumn.Check(inputSchema, _options.InputColumnName, _options.OutputColumnName);
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var column in MLNetInternals.ShapeOf(ScoreColumns.Create(_options, _model.File))) columns[column.Name] = column;
        return new(columns.Values);
    }

    /// <summary>The path of a model file or of published weights, which may have to be fetched; the log shows the progress.</summary>
    private string Find(string model, ResNetOutput output)
    {
        using var channel = _environment.Start("ResNet");
        var (store, log) = (ModelStore.Default, new DownloadLog(_environment, channel));
        return output == ResNetOutput.Features ? store.Find(model, log) : store.FindClassifier(model, log);
    }
}
