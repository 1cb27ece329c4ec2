using Microsoft.ML;

namespace ResNet.MLNet;

/// <summary>Data with the network's columns added. Nothing is computed before one of them is read.</summary>
internal sealed class ResNetDataView(ResNetTransformer transformer, IDataView source) : IDataView
{
    public DataViewSchema Schema { get; } = transformer.GetOutputSchema(source.Schema);

    public bool CanShuffle => source.CanShuffle;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var needed = ColumnUse.Of(columnsNeeded, source.Schema, Schema);
        if (!needed.Network) return new PassThroughCursor(source.GetRowCursor(needed.Source, rand), Schema, needed);

        var images = transformer.FindInput(source.Schema);
        // Two passes over the source side by side: one reads images ahead, the other everything else. The same seed keeps a shuffled source
        // in step.
        var seed = rand?.Next();
        var rows = source.GetRowCursor(needed.Source, Again());
        try
        {
            return new LookAheadCursor(transformer, rows, source.GetRowCursor([images], Again()), images, Schema, needed);
        }
        catch
        {
            rows.Dispose();
            throw;
        }

        Random? Again() => seed is { } value ? new Random(value) : null;
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
}

/// <summary>The columns that are requested from a cursor: those of the source, and whether any is the network's.</summary>
/// <param name="Source">The source's columns.</param>
/// <param name="Active">For each column of the result whether it is requested.</param>
/// <param name="Network">Whether the network has to run.</param>
internal sealed record ColumnUse(IReadOnlyList<DataViewSchema.Column> Source, bool[] Active, bool Network)
{
    public static ColumnUse Of(IEnumerable<DataViewSchema.Column> needed, DataViewSchema source, DataViewSchema result)
    {
        var active = new bool[result.Count];
        foreach (var column in needed) active[column.Index] = true;
        return new([.. source.Where(column => active[column.Index])], active, active.AsSpan(source.Count).Contains(true));
    }
}
