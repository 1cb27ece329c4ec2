using System.Collections.Concurrent;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// Runs the network ahead of its reader, on as many threads as the transformer may use, and gives rows in the source's order.
/// </summary>
/// <remarks>
/// It works ahead only as far as that has paid off: the first row is computed when its value is requested; each value that was requested
/// doubles the number of rows that are begun in advance, each row that was passed over halves it. So TakeRows(1) runs one image, a filter
/// in front of the reader wastes little, and a full pass keeps every core busy. A row that nobody has begun yet is computed by the reader
/// itself, which therefore never waits for a free thread.
/// </remarks>
internal sealed class LookAheadCursor : PassThroughCursor
{
    private const int RowsAheadPerThread = 4;

    private readonly ResNetTransformer _transformer;
    private readonly DataViewRowCursor _ahead;
    private readonly Action<RowImage> _readImage;
    private readonly ValueGetter<DataViewRowId> _rowId;
    private readonly ValueGetter<DataViewRowId> _aheadId;
    private readonly RowSlot[] _ring;
    private readonly ConcurrentQueue<RowSlot> _queue = new();
    private readonly BadImageLog _badImages;
    private readonly int _mostAhead;
    private int _pumps;
    private int _rowsAhead;
    private long _current = -1;
    private long _read;
    private bool _used;
    private bool _disposed;

    /// <param name="transformer">Whose network.</param>
    /// <param name="rows">The source's requested columns.</param>
    /// <param name="ahead">The same rows with the column of images, to be read ahead.</param>
    /// <param name="images">The column of images.</param>
    /// <param name="schema">The columns of the result.</param>
    /// <param name="use">Those of them that are requested.</param>
    public LookAheadCursor(
        ResNetTransformer transformer,
        DataViewRowCursor rows,
        DataViewRowCursor ahead,
        DataViewSchema.Column images,
        DataViewSchema schema,
        ColumnUse use)
        : base(rows, schema, use)
    {
        _transformer = transformer;
        _ahead = ahead;
        _readImage = ImageColumn.Reader(ahead, images, transformer.Options.ImageFolder);
        _rowId = rows.GetIdGetter();
        _aheadId = ahead.GetIdGetter();
        // On a GPU each thread fills a batch while the one before runs.
        _mostAhead = transformer.Parallelism * Math.Max(RowsAheadPerThread, 2 * transformer.BatchSize);
        _ring = [.. Enumerable.Range(0, _mostAhead + 1).Select(_ => new RowSlot(transformer.Width))];
        _badImages = new(transformer);
    }

    private RowSlot CurrentSlot => _ring[_current % _ring.Length];

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column) =>
        column.Index < Rows.Schema.Count || !IsColumnActive(column)
            ? base.GetGetter<TValue>(column)
            : ScoreGetters.Create<TValue>(_transformer, column, CurrentScores);

    public override bool MoveNext()
    {
        _transformer.ThrowIfCanceled();
        if (_current >= 0) _rowsAhead = _used ? Math.Clamp(2 * _rowsAhead, 1, _mostAhead) : _rowsAhead / 2;
        _used = false;
        if (!Rows.MoveNext()) return false;
        _current++;
        while (_read <= _current + _rowsAhead && ReadOne())
        {
        }

        CheckStep();
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            // A run that has begun is waited for (some tens of milliseconds); one that has not is canceled.
            foreach (var slot in _ring) slot.Cancel();
            _ahead.Dispose();
            _badImages.Report();
        }

        base.Dispose(disposing);
    }

    /// <summary>Reads the next image of the source into its slot and, if it is ahead of the reader, hands it to the threads.</summary>
    private bool ReadOne()
    {
        if (!_ahead.MoveNext()) return false;
        var slot = _ring[_read % _ring.Length];
        slot.Cancel();
        _readImage(slot.Image);
        _aheadId(ref slot.Id);
        slot.Open();
        if (_read++ > _current) Enqueue(slot);
        return true;
    }

    private void CheckStep()
    {
        DataViewRowId id = default;
        _rowId(ref id);
        if (_read > _current && CurrentSlot.Id.Equals(id)) return;
        throw new InvalidOperationException(
            "The source gave its rows in another order when they were read a second time, so images and rows cannot be matched. " +
            "Put mlContext.Data.Cache between the source and the ResNet.");
    }

    private void Enqueue(RowSlot slot)
    {
        _queue.Enqueue(slot);
        if (Volatile.Read(ref _pumps) >= _transformer.Parallelism) return;
        Interlocked.Increment(ref _pumps);
        ThreadPool.UnsafeQueueUserWorkItem(static cursor => cursor.Pump(), this, preferLocal: false);
    }

    private void Pump()
    {
        List<RowSlot> batch = new(_transformer.BatchSize);
        while (Gather(batch)) RowBatch.Run(batch, _transformer, Sharing.Throughput);

        Interlocked.Decrement(ref _pumps);
    }

    /// <summary>Takes what nobody has begun yet, up to a batch. False if there is nothing.</summary>
    private bool Gather(List<RowSlot> batch)
    {
        batch.Clear();
        while (batch.Count < _transformer.BatchSize && _queue.TryDequeue(out var slot))
        {
            if (slot.TryBegin()) batch.Add(slot);
        }

        return batch.Count > 0;
    }

    private float[] CurrentScores()
    {
        if (_current < 0) throw new InvalidOperationException("The cursor is not on a row: call MoveNext first.");
        var slot = CurrentSlot;
        if (slot.TryBegin()) RowBatch.Run(slot.Alone, _transformer, Sharing.Throughput);
        slot.Wait();
        var policy = _transformer.Options.OnBadImage;
        var isMarked = policy == BadImagePolicy.Mark && slot.Problem is InvalidImageException;
        if (isMarked && !_used) _badImages.Add((InvalidImageException)slot.Problem!, slot.Image.Input.Name);
        _used = true;
        slot.ThrowProblem(policy, Position);
        return slot.Scores;
    }
}
