using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>A cursor over the source's rows under the result's schema, where none of the network's columns is requested.</summary>
internal sealed class PassThroughCursor(DataViewRowCursor rows, DataViewSchema schema, ColumnUse use) : DataViewRowCursor
{
    public override DataViewSchema Schema => schema;

    public override long Position => rows.Position;

    public override long Batch => rows.Batch;

    public override bool IsColumnActive(DataViewSchema.Column column) => use.Active[column.Index];

    public override ValueGetter<DataViewRowId> GetIdGetter() => rows.GetIdGetter();

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        use.EnsureActive(column);
        return rows.GetGetter<TValue>(rows.Schema[column.Index]);
    }

    public override bool MoveNext() => rows.MoveNext();

    protected override void Dispose(bool disposing)
    {
        if (disposing) rows.Dispose();
        base.Dispose(disposing);
    }
}
