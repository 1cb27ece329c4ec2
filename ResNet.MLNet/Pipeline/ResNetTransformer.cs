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

    internal ResNetTransformer(IHostEnvironment environment, ResNetOptions options, SharedModel.Share model)
    {
        (_environment, Options, _model) = (environment.Register(nameof(ResNetTransformer)), options, model);
        Width = model.Value.Width(options.Output);
    }

    /// <summary>The network.</summary>
    public ResNetModel Model => _model.Value;

    bool ITransformer.IsRowToRowMapper => true;

    internal ResNetOptions Options { get; }

    /// <summary>The number of values that the output column has.</summary>
    internal int Width { get; }

    internal int Parallelism => Options.DegreeOfParallelism ?? Environment.ProcessorCount;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The column of images is missing or of another type; the message names it.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        FindInput(inputSchema);
        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema);
        ScoreColumns.AddTo(builder, Options, Model);
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
    /// The same as a chain of ML.NET's own transformers (LoadImages, ResizeImages, ExtractPixels, ApplyOnnxModel), which, saved, loads where this package is
    /// absent; Microsoft.ML.ImageAnalytics and Microsoft.ML.OnnxTransformer must be there.
    /// </summary>
    /// <remarks>
    /// It gives up: pixels as torchvision makes them (ML.NET resizes without antialiasing, so that features differ, the more an image shrinks: on photographs of some 320 pixels by 0.5 % of their length
    /// for a ResNet-18 of 224 pixels, by 17 % for a CIFAR network of 32), EXIF orientation, decoded
    /// bytes as input, the predicted-label column, the names of the classes on the scores, the policy for bad images, looking ahead on all cores, and running only on the rows that are read.
    /// The network file that ML.NET's transformer reads is kept in the cache folder.
    /// </remarks>
    /// <param name="inputSchema">The schema of the data, with the column of images.</param>
    /// <exception cref="NotSupportedException">The column holds encoded images, which ML.NET's own transformers cannot decode.</exception>
    /// <exception cref="ArgumentException">The column of images is missing or of another type; the message names it.</exception>
    public ITransformer ToPortable(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return PortablePipeline.Create(this, inputSchema);
    }

    /// <summary>Frees the network, unless another transformer of the same estimator still uses it.</summary>
    public void Dispose() => _model.Dispose();

    void ICanSaveModel.Save(ModelSaveContext ctx) => MLNetInternals.Save(ctx, SavedOptions.ToJson(Options), Model.ReadBytes());

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new ResNetRowMapper(this, inputSchema);

    /// <summary>The column of images in data.</summary>
    /// <exception cref="ArgumentException">The column is missing or of another type; the message names it.</exception>
    internal DataViewSchema.Column FindInput(DataViewSchema schema) => ImageColumn.Find(schema, Options.InputColumnName, Options.OutputColumnName);

    /// <summary>Called by ML.NET to load a saved transformer (see <see cref="MLNetInternals"/>).</summary>
    internal static ResNetTransformer Create(IHostEnvironment env, ModelLoadContext ctx)
    {
        var (json, bytes) = MLNetInternals.Load(ctx);
        var options = SavedOptions.FromJson(json);
        return new(env, options, new SharedModel(() => SharedModel.Open(env, options, bytes)).Take());
    }

    internal int BatchSize => Options.BatchSize ?? Model.UsualBatchSize;

    internal InferenceWorker Rent(Sharing sharing) => Model.Rent(sharing, Options.Preprocessing ?? Model.Preprocessing, Options.Output, Options.MaximumPixels, sharing == Sharing.Throughput ? BatchSize : 1);

    internal void ThrowIfCanceled()
    {
        if (MLNetInternals.IsCanceled(_environment)) throw new OperationCanceledException("The ML.NET context was told to cancel.");
    }

    internal IChannel StartChannel() => _environment.Start("ResNet");
}
