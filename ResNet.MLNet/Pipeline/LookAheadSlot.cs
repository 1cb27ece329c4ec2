using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>One row of a look-ahead cursor: its image, then its scores or what went wrong. Exactly one thread runs it.</summary>
internal sealed class LookAheadSlot(int width)
{
    private readonly object _lock = new();
    private State _state;
    private Exception? _problem;

    public DataViewRowId Id;

    private enum State
    {
        Idle,
        Open,
        Running,
    }

    public ImageValue Image { get; } = new();

    public float[] Scores { get; } = new float[width];

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

    /// <summary>Runs the network on the image; for the one thread whose <see cref="TryBegin"/> gave true.</summary>
    public void Run(ResNetTransformer transformer, Sharing sharing)
    {
        try
        {
            var worker = transformer.Rent(sharing);
            try
            {
                Image.Run(worker).CopyTo(Scores);
            }
            finally
            {
                ResNetModel.Return(worker);
            }
        }
        catch (Exception problem)
        {
            // Kept for the thread that reads this row, in its turn.
            _problem = problem;
            Scores.AsSpan().Fill(float.NaN);
        }
        finally
        {
            lock (_lock)
            {
                _state = State.Idle;
                Monitor.PulseAll(_lock);
            }
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
