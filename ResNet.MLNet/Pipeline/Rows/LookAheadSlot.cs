using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>One row of a look-ahead cursor: its image, then its scores or what went wrong. Exactly one thread runs it.</summary>
internal sealed class LookAheadSlot
{
    private readonly object _lock = new();
    private State _state;
    private Exception? _problem;
    private int _place;

    public DataViewRowId Id;

    private enum State
    {
        Idle,
        Open,
        Running,
    }

    public LookAheadSlot(int width)
    {
        Scores = new float[width];
        Alone = [this];
    }

    public RowImage Image { get; } = new();

    public float[] Scores { get; }

    /// <summary>This slot as the only one of a run.</summary>
    public IReadOnlyList<LookAheadSlot> Alone { get; }

    public Exception? Problem => _problem;

    /// <summary>The image is there: whoever calls <see cref="TryBegin"/> first runs it.</summary>
    public void Open()
    {
        _problem = null;
        lock (_lock) _state = State.Open;
    }

    public bool TryBegin()
    {
        lock (_lock)
        {
            if (_state != State.Open) return false;
            _state = State.Running;
            return true;
        }
    }

    /// <summary>Makes sure that nobody runs it, now or later, waiting if somebody does.</summary>
    public void CallOff()
    {
        lock (_lock)
        {
            if (_state == State.Open) _state = State.Idle;
        }

        Wait();
    }

    /// <summary>Waits until the thread that runs it is done.</summary>
    public void Wait()
    {
        lock (_lock)
        {
            while (_state == State.Running) Monitor.Wait(_lock);
        }
    }

    /// <summary>
    /// Runs the network on the images of some slots, together; for the one thread whose <see cref="TryBegin"/> gave true for each. An image that cannot be read is
    /// its own slot's problem.
    /// </summary>
    public static void Run(IReadOnlyList<LookAheadSlot> slots, ResNetTransformer transformer, Sharing sharing)
    {
        try
        {
            var worker = transformer.Rent(sharing);
            try
            {
                var count = 0;
                foreach (var slot in slots)
                {
                    try
                    {
                        worker.Prepare(count, slot.Image.Input);
                        slot._place = count++;
                    }
                    catch (InvalidImageException problem)
                    {
                        slot.Fail(problem);
                    }
                }

                if (count == 0) return;
                var scores = worker.Run(count);
                foreach (var slot in slots)
                {
                    if (slot._problem is null) scores.Slice(slot._place * slot.Scores.Length, slot.Scores.Length).CopyTo(slot.Scores);
                }
            }
            finally
            {
                ResNetModel.Return(worker);
            }
        }
        catch (Exception problem)
        {
            // Kept for the thread that reads these rows, in their turn.
            foreach (var slot in slots) slot.Fail(problem);
        }
        finally
        {
            foreach (var slot in slots) slot.End();
        }
    }

    private void Fail(Exception problem)
    {
        _problem ??= problem;
        Scores.AsSpan().Fill(float.NaN);
    }

    private void End()
    {
        lock (_lock)
        {
            _state = State.Idle;
            Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Throws what went wrong, unless it is a bad image that is to be marked.</summary>
    public void ThrowProblem(BadImagePolicy policy, long row)
    {
        switch (_problem)
        {
            case null:
            case InvalidImageException when policy == BadImagePolicy.Mark:
                return;
            case InvalidImageException bad:
                throw new InvalidImageException($"Row {row}: {bad.Reason} (BadImagePolicy.Mark goes on without it.)", bad.Path, bad);
            default:
                ExceptionDispatchInfo.Throw(_problem);
                return;
        }
    }
}
