using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>
/// Runs a ResNet on a column of images. Rows keep their order and identity; images are decoded and run ahead of the reader, on all cores,
/// once the reader has shown that it wants them. May be used from many threads at once. Saves into and loads from ML.NET model files,
/// with the network inside.
/// </summary>
public sealed class ResNetTransformer : ITransformer, IDisposable
{
    private readonly IHostEnvironment _environment;
    private readonly SharedModel.Share _model;

    internal ResNetTransformer(IHostEnvironment environment, ScoringOptions options, SharedModel.Share model)
    {
        _environment = environment.Register(nameof(ResNetTransformer));
        _model = model;
        Options = options;
        Width = model.Value.File.Width(options.Output);
    }

    /// <summary>The network.</summary>
    public ResNetModel Model => _model.Value;

    /// <summary>
    /// The folder that relative paths start from; null for the current folder. It is not saved: the machine that loads a model sets it,
    /// in a chain of transformers with <see cref="ResNetPipelineExtensions.SetImageFolder"/>. Rows that are being read keep the one that
    /// they began with.
    /// </summary>
    public string? ImageFolder
    {
        get => Options.ImageFolder;
        set => Options = Options with { ImageFolder = value };
    }

    bool ITransformer.IsRowToRowMapper => true;

    internal ScoringOptions Options { get; private set; }

    /// <summary>The number of values that the output column has.</summary>
    internal int Width { get; }

    /// <summary>How images are prepared.</summary>
    internal ImagePreprocessing Preprocessing => Options.Preprocessing ?? Model.Preprocessing;

    internal int Parallelism => Options.DegreeOfParallelism ?? Environment.ProcessorCount;

    internal int BatchSize => Options.BatchSize ?? Model.UsualBatchSize;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The column of images is missing or of another type; the message names it.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FindInput(inputSchema);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema);
        ScoreColumns.AddTo(builder, Options, Model.File);
        return builder.ToSchema();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The column of images is missing or of another type; the message names it.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new ResNetDataView(this, input);
    }

    /// <summary>
    /// Gives a chain of ML.NET's own transformers (LoadImages, ResizeImages, ExtractPixels, ApplyOnnxModel) that makes the same column.
    /// Saved, it loads where this package is absent; Microsoft.ML.ImageAnalytics and Microsoft.ML.OnnxTransformer must be there.
    /// </summary>
    /// <remarks>
    /// <para>
    /// It lacks: pixels as torchvision makes them, EXIF orientation, decoded bytes as input, the predicted-label column, the names of the
    /// classes on the scores, the policy for bad images, looking ahead on all cores, and running only on the rows that are read.
    /// </para>
    /// <para>
    /// ML.NET resizes without antialiasing, so that features differ, the more an image shrinks: on photographs of some 320 pixels by 0.5 %
    /// of their length for a ResNet-18 of 224 pixels, by 17 % for a CIFAR network of 32.
    /// </para>
    /// <para>The network file that ML.NET's transformer reads is kept in the cache folder.</para>
    /// </remarks>
    /// <param name="inputSchema">The schema of the data, with the column of images.</param>
    /// <exception cref="NotSupportedException">The column holds encoded images, which ML.NET's own transformers cannot decode.</exception>
    /// <exception cref="ArgumentException">The column of images is missing or of another type; the message names it.</exception>
    /// <exception cref="InvalidDataException">The model file has changed since it was opened.</exception>
    public ITransformer ToPortable(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return PortablePipeline.Create(this, inputSchema);
    }

    /// <summary>Frees the network, unless another transformer of the same estimator still uses it.</summary>
    public void Dispose() => _model.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx) => MLNetInternals.Save(ctx, Options.ToJson(), Model.File.ReadBytes());

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new ResNetRowMapper(this, inputSchema);

    /// <summary>Called by ML.NET to load a saved transformer (see <see cref="MLNetInternals"/>).</summary>
    internal static ResNetTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        var (json, model) = MLNetInternals.Load(ctx);
        return FromBytes(env, ScoringOptions.FromJson(json), model);
    }

    /// <summary>Makes the transformer of a model file that is in memory. It runs on the context's device.</summary>
    /// <param name="environment">The context.</param>
    /// <param name="options">How the network is applied.</param>
    /// <param name="model">The bytes of the model file.</param>
    /// <param name="fallbackToCpu">
    /// Whether to run on the CPU if the device cannot be used; null (default) for the context's setting.
    /// </param>
    internal static ResNetTransformer FromBytes(
        IHostEnvironment environment, ScoringOptions options, byte[] model, bool? fallbackToCpu = null)
    {
        var device = MLNetInternals.DeviceOf(environment, gpuDeviceId: null, fallbackToCpu);
        return new(environment, options, new SharedModel(environment, OpenedModel.Open(model), device).Take());
    }

    /// <summary>The column of images in data.</summary>
    /// <exception cref="ArgumentException">The column is missing or of another type; the message names it.</exception>
    internal DataViewSchema.Column FindInput(DataViewSchema schema) =>
        ImageColumn.Find(schema, Options.InputColumnName, Options.OutputColumnName);

    /// <summary>Takes a worker for one thread; disposing the lease gives it back.</summary>
    internal WorkerLease Rent(Sharing sharing) =>
        Model.Rent(sharing, Preprocessing, Options.Output, Options.Limits, sharing == Sharing.Throughput ? BatchSize : 1);

    internal void ThrowIfCanceled() => MLNetInternals.ThrowIfCanceled(_environment);

    internal IChannel StartChannel() => _environment.Start("ResNet");
}
