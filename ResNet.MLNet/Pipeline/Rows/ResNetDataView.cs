using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Model.OnnxConverter;

namespace ResNet.MLNet;

/// <summary>Data with the network's columns added. Nothing is computed before one of them is read.</summary>
internal sealed class ResNetDataView(ResNetTransformer transformer, IDataView source) : ITransformCanSaveOnnx
{
    IDataView IDataTransform.Source => source;

    public DataViewSchema Schema { get; } = transformer.GetOutputSchema(source.Schema);

    public bool CanShuffle => source.CanShuffle;

    // ML.NET would leave out a transformer that cannot be exported, and everything in front of it, and write the rest without a word.
    bool ICanSaveOnnx.CanSaveOnnx(OnnxContext ctx) => throw NotExportable();

    void ISaveAsOnnx.SaveAsOnnx(OnnxContext ctx) => throw NotExportable();

    void ICanSaveModel.Save(ModelSaveContext ctx) => ((ICanSaveModel)transformer).Save(ctx);

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var needed = ColumnUse.Of(columnsNeeded, source.Schema, Schema);
        if (!needed.Network) return new PassThroughCursor(source.GetRowCursor(needed.Source, rand), Schema, needed);

        var images = transformer.FindInput(source.Schema);
        // One cursor for all columns: a source need not give the same rows in the same order again (a shuffled list, a queue, a query).
        var columns = needed.Source.Append(images).DistinctBy(column => column.Index);
        var rows = source.GetRowCursor(columns, rand);
        try
        {
            return new LookAheadCursor(transformer, rows, images, Schema, needed);
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        var columns = columnsNeeded.ToList();
        var needed = ColumnUse.Of(columns, source.Schema, Schema);
        // One look-ahead cursor keeps all cores busy by itself.
        return needed.Network
            ? [GetRowCursor(columns, rand)]
            : [.. source.GetRowCursorSet(needed.Source, n, rand).Select(cursor => new PassThroughCursor(cursor, Schema, needed))];
    }

    private static NotSupportedException NotExportable() => new(
        "A pipeline with a ResNet cannot be converted to ONNX, which has no operators that read and decode image files. The network by " +
        "itself is an ONNX file that takes pixels: ResNetTransformer.Model.Save(path) writes it. Convert what follows it separately.");
}

/// <summary>The columns that are requested from a cursor: those of the source, and whether any is the network's.</summary>
/// <param name="Source">The source's columns.</param>
/// <param name="Active">For each column of the result whether it is requested.</param>
/// <param name="Network">Whether the network has to run.</param>
internal sealed record ColumnUse(IReadOnlyList<DataViewSchema.Column> Source, bool[] Active, bool Network)
{
    /// <summary>Checks before a getter is made that its column is requested.</summary>
    /// <exception cref="InvalidOperationException">It is not; the message names it.</exception>
    public void EnsureActive(DataViewSchema.Column column)
    {
        if (!Active[column.Index])
            throw new InvalidOperationException($"The column '{column.Name}' is not active: it was not requested from this cursor.");
    }

    public static ColumnUse Of(IEnumerable<DataViewSchema.Column> needed, DataViewSchema source, DataViewSchema result)
    {
        var active = new bool[result.Count];
        foreach (var column in needed) active[column.Index] = true;
        return new([.. source.Where(column => active[column.Index])], active, active.AsSpan(source.Count).Contains(true));
    }
}
