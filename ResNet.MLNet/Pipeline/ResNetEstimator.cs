using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>Applies a trained ResNet to a column of images. Nothing is learned: <see cref="Fit"/> only checks the columns.</summary>
public sealed class ResNetEstimator : IEstimator<ResNetTransformer>
{
    private readonly IHostEnvironment _environment;
    private readonly ResNetOptions _options;
    private readonly SharedModel _model;

    internal ResNetEstimator(IHostEnvironment environment, ResNetOptions options, ResNetArchitecture? expected = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.OutputColumnName, nameof(options.OutputColumnName));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.DegreeOfParallelism ?? 1, 1, nameof(options.DegreeOfParallelism));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize ?? 1, 1, nameof(options.BatchSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumPixels, 1, nameof(options.MaximumPixels));
        (_environment, _options) = (environment.Register(nameof(ResNetEstimator)), options);
        _model = new(() => SharedModel.Open(_environment, options));
        using var model = _model.Take();
        ScoreColumns.Check(options, model.Value);
        // Options such as strides and widths may differ; the kind and the depth are the network's name.
        if (expected is not null && model.Value.Architecture is { } found && (found.Block, found.Depth, found.Stem) != (expected.Block, expected.Depth, expected.Stem))
            throw new ArgumentException($"The weights '{options.ModelFile}' are of a {found.Name}, not of a {expected.Name}.");
    }

    /// <summary>Checks the columns and gives the transformer.</summary>
    /// <param name="input">Data with the column of images.</param>
    /// <exception cref="ArgumentException">The column is missing or of another type; the message names it.</exception>
    public ResNetTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var options = _options with { InputColumnName = ImageColumn.Find(input.Schema, _options.InputColumnName, _options.OutputColumnName).Name };
        return new(_environment, options, _model.Take());
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The column is missing or of another type; the message names it.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        ImageColumn.Check(inputSchema, _options.InputColumnName, _options.OutputColumnName);
        using var model = _model.Take();
        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var column in MLNetInternals.ShapeOf(ScoreColumns.Create(_options, model.Value))) columns[column.Name] = column;
        return new(columns.Values);
    }
}
