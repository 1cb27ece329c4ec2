using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;

namespace ResNet.MLNet;

/// <summary>
/// Runs the network ahead of its reader, on as many threads as the transformer may use, and gives rows in the source's order.
/// </summary>
/// <remarks>
/// <para>
/// The source is read once, by one cursor. The other requested columns of a row that this cursor leaves before the reader gets there are
/// copied. If one of them cannot be copied, no row is read ahead.
/// </para>
/// <para>
/// It works ahead only as far as that has paid off: the first row is computed when its value is requested; each value that was requested
/// doubles the number of rows that are begun in advance, each row that was passed over halves it. So TakeRows(1) runs one image, a filter
/// in front of the reader wastes little, and a full pass keeps every core busy. A row that nobody has begun yet is computed by the reader
/// itself, which therefore never waits for a free thread.
/// </para>
/// </remarks>
internal sealed class LookAheadCursor : DataViewRowCursor
{
    private const int RowsAheadPerThread = 4;

    private readonly ResNetTransformer _transformer;
    private readonly DataViewRowCursor _source;
    private readonly ColumnUse _use;
    private readonly Action<RowImage> _readImage;
    private readonly ValueGetter<DataViewRowId> _readId;
    private readonly Dictionary<int, CopiedColumn> _copies = [];
    private readonly RowSlot[] _ring;
    private readonly ConcurrentQueue<RowSlot> _queue = new();
    private readonly BadImageLog _badImages;
    private readonly int _mostAhead;
    private ExceptionDispatchInfo? _failure;
    private int _pumps;
    private int _rowsAhead;
    private long _current = -1;
    private long _read;
    private bool _sourceHasEnded;
    private bool _used;
    private bool _disposed;

    /// <param name="transformer">Whose network.</param>
    /// <param name="source">The source's requested columns and the column of images. It is disposed with this cursor.</param>
    /// <param name="images">The column of images.</param>
    /// <param name="schema">The columns of the result.</param>
    /// <param name="use">Those of them that are requested.</param>
    public LookAheadCursor(
        ResNetTransformer transformer, DataViewRowCursor source, DataViewSchema.Column images, DataViewSchema schema, ColumnUse use)
    {
        _transformer = transformer;
        _source = source;
        _use = use;
        Schema = schema;
        _readId = source.GetIdGetter();
        _badImages = new(transformer);
        var readImage = ImageColumn.Reader(source, images, transformer.Options.ImageFolder);
        _readImage = image =>
        {
            readImage(image);
            image.KeepPixels(transformer.Options.Limits);
        };
        var owned = use.Source.Where(column => !CopiedColumn.CanCopy(column.Type)).ToList();
        if (owned.Count > 0) Report(owned[0]);
        // On a GPU each thread fills a batch while the one before runs.
        else _mostAhead = transformer.Parallelism * Math.Max(RowsAheadPerThread, 2 * transformer.BatchSize);
        _ring = [.. Enumerable.Range(0, _mostAhead + 1).Select(_ => new RowSlot(transformer.Width))];
        if (_mostAhead == 0) return;
        foreach (var column in use.Source) _copies[column.Index] = CopiedColumn.Create(source, column, _ring.Length);
    }

    public override DataViewSchema Schema { get; }

    public override long Position => IsOnRow ? _current : -1;

    public override long Batch => IsOnRow ? CurrentSlot.Batch : 0;

    private bool IsOnRow => _current >= 0 && _current < _read;

    private RowSlot CurrentSlot => IsOnRow
        ? _ring[_current % _ring.Length]
        : throw new InvalidOperationException("The cursor is not on a row: MoveNext has not been called, or has returned false.");

    /// <summary>Each run on one core if several run at a time; otherwise on all of them.</summary>
    private Sharing Sharing => _mostAhead > 0 ? Sharing.Throughput : Sharing.Latency;

    public override bool IsColumnActive(DataViewSchema.Column column) => _use.Active[column.Index];

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = CurrentSlot.Id;

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        _use.EnsureActive(column);
        if (column.Index >= _source.Schema.Count) return ScoreGetters.Create<TValue>(_transformer, column, CurrentScores);
        return _copies.TryGetValue(column.Index, out var copies)
            ? copies.Getter<TValue>(CopyOfCurrent)
            : _source.GetGetter<TValue>(_source.Schema[column.Index]);
    }

    public override bool MoveNext()
    {
        _transformer.ThrowIfCanceled();
        if (IsOnRow) _rowsAhead = Math.Min(_mostAhead, _used ? Math.Max(1, 2 * _rowsAhead) : _rowsAhead / 2);
        _used = false;
        if (_current < _read) _current++;
        while (_read <= _current + _rowsAhead && ReadOne())
        {
        }

        if (!IsOnRow) _failure?.Throw();
        return IsOnRow;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            // A run that has begun is waited for (some tens of milliseconds); one that has not is canceled.
            foreach (var slot in _ring) slot.Cancel();
            _source.Dispose();
            _badImages.Report();
        }

        base.Dispose(disposing);
    }

    private void Report(DataViewSchema.Column owned)
    {
        using var channel = _transformer.StartChannel();
        channel.Info(
            $"The column '{owned.Name}' ({owned.Type}) is read beside the network's columns and its values cannot be copied, so " +
            "no row is read ahead: one image runs at a time. Drop the column (DropColumns) to run several at a time.");
    }

    /// <summary>Reads the next row of the source into its slot and, if it is ahead of the reader, hands its image to the threads.</summary>
    private bool ReadOne()
    {
        if (_sourceHasEnded || !MoveSource()) return false;
        var slot = _ring[_read % _ring.Length];
        slot.Cancel();
        _readId(ref slot.Id);
        slot.Batch = _source.Batch;
        slot.Read(_readImage);
        if (_read++ > _current) Enqueue(slot);
        return true;
    }

    private bool MoveSource()
    {
        var left = _read - 1;
        if (left >= Math.Max(0, _current))
        {
            foreach (var copies in _copies.Values) copies.Copy((int)(left % _ring.Length));
        }

        try
        {
            _sourceHasEnded = !_source.MoveNext();
        }
        catch (Exception problem)
        {
            // In its turn: the reader first gets the rows before it.
            _failure = ExceptionDispatchInfo.Capture(problem);
            _sourceHasEnded = true;
        }

        return !_sourceHasEnded;
    }

    /// <summary>The slot with the copied values of the reader's row; negative while the source's cursor is on that row.</summary>
    private int CopyOfCurrent()
    {
        _ = CurrentSlot;
        return _current == _read - 1 && !_sourceHasEnded ? -1 : (int)(_current % _ring.Length);
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
        while (Gather(batch)) RowBatch.Run(batch, _transformer, Sharing);

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
        var slot = CurrentSlot;
        if (slot.TryBegin()) RowBatch.Run(slot.Alone, _transformer, Sharing);
        slot.Wait();
        var options = _transformer.Options;
        var isMarked = options.OnBadImage == BadImagePolicy.Mark && slot.Problem is InvalidImageException;
        if (isMarked && !_used) _badImages.Add((InvalidImageException)slot.Problem!, slot.Image.Input.Name);
        _used = true;
        slot.ThrowProblem(options, Position);
        return slot.Scores;
    }
}
