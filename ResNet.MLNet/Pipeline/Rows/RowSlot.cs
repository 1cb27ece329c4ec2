using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// One row: its image, then its scores or what went wrong. Threads agree here on who runs it (<see cref="RowBatch"/>): exactly one does.
/// </summary>
internal sealed class RowSlot
{
    private readonly object _lock = new();
    private State _state;

    /// <summary>The row's identity in the source.</summary>
    public DataViewRowId Id;

    /// <summary>The row's batch in the source, by which ML.NET puts rows of several cursors in order.</summary>
    public long Batch;

    public RowSlot(int width)
    {
        Scores = new float[width];
        // Made once, so that no image costs a list.
        Alone = [this];
    }

    private enum State
    {
        Idle,
        Open,
        Running,
    }

    public RowImage Image { get; } = new();

    /// <summary>The row's values; NaN if there is a problem.</summary>
    public float[] Scores { get; }

    /// <summary>This slot as the only one of a batch.</summary>
    public IReadOnlyList<RowSlot> Alone { get; }

    /// <summary>What went wrong; null if nothing did.</summary>
    public Exception? Problem { get; private set; }

    /// <summary>
    /// Reads the image, after which whoever calls <see cref="TryBegin"/> first runs it. If it cannot be read, the row has a problem and
    /// nobody runs it.
    /// </summary>
    /// <param name="readImage">Reads the image of the source's row.</param>
    public void Read(Action<RowImage> readImage)
    {
        Problem = null;
        try
        {
            readImage(Image);
        }
        catch (Exception problem)
        {
            Fail(problem);
            return;
        }

        lock (_lock) _state = State.Open;
    }

    /// <summary>Takes the row on. The one caller who gets true has to run it and to call <see cref="End"/>.</summary>
    public bool TryBegin()
    {
        lock (_lock)
        {
            if (_state != State.Open) return false;
            _state = State.Running;
            return true;
        }
    }

    /// <summary>Notes what went wrong; the first problem stays.</summary>
    public void Fail(Exception problem)
    {
        Problem ??= problem;
        Scores.AsSpan().Fill(float.NaN);
    }

    /// <summary>Scores or problem are there.</summary>
    public void End()
    {
        lock (_lock)
        {
            _state = State.Idle;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Waits until the thread that runs it is done.</summary>
    public void Wait()
    {
        lock (_lock)
        {
            while (_state == State.Running) Monitor.Wait(_lock);
        }
    }

    /// <summary>Makes sure that nobody runs it, now or later, waiting if somebody does.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (_state == State.Open) _state = State.Idle;
        }

        Wait();
    }

    /// <summary>Throws what went wrong, unless it is a bad image that is to be marked.</summary>
    public void ThrowProblem(ScoringOptions options, long row)
    {
        switch (Problem)
        {
            case null:
            case InvalidImageException when options.OnBadImage == BadImagePolicy.Mark:
                return;
            case InvalidImageException bad:
                var advice = options.AdviceOn(bad);
                throw new InvalidImageException(
                    $"Row {row}: {bad.Reason} {advice}(BadImagePolicy.Mark continues without it.)", bad.Path, bad)
                {
                    IsTooLarge = bad.IsTooLarge,
                };
            default:
                ExceptionDispatchInfo.Throw(Problem);
                return;
        }
    }
}
