using Microsoft.ML.OnnxRuntime;

namespace ResNet.MLNet;

/// <summary>Where a network runs.</summary>
/// <param name="GpuDeviceId">The CUDA device; null for the CPU.</param>
/// <param name="FallbackToCpu">Whether to run on the CPU if the device cannot be used.</param>
internal readonly record struct ExecutionDevice(int? GpuDeviceId, bool FallbackToCpu);

/// <summary>How runs share the machine.</summary>
internal enum Sharing
{
    /// <summary>Several runs at a time, each on one core: the most images a second (a batch would not be faster).</summary>
    Throughput,

    /// <summary>Each run on all cores: the first answer soonest.</summary>
    Latency,
}

/// <summary>
/// One ONNX Runtime session that many threads share. Each run happens in a rented worker, which owns the tensors, so that no image costs
/// memory.
/// </summary>
internal sealed class InferenceEngine : IDisposable
{
    private readonly OwnedSession _session;
    private readonly string? _modelName;
    private readonly Lock _lock = new();
    // Under the lock, not in a ConcurrentBag: that keeps its items in lists of each thread, so that a network that nobody disposed may live
    // as long as the thread.
    private readonly Stack<InferenceWorker> _idle = [];
    private readonly UseCount _uses;
    private long _idleBytes;

    /// <param name="model">The network.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="sharing">How runs share a CPU.</param>
    /// <exception cref="InvalidDataException">ONNX Runtime cannot load it.</exception>
    /// <exception cref="InvalidOperationException">The device cannot be used.</exception>
    public InferenceEngine(OpenedModel model, ExecutionDevice device, Sharing sharing)
    {
        _uses = new(Free);
        using var options = CreateOptions(device, sharing, out var warning);
        Warning = warning;
        _session = new(model.CreateSession(options), model.Size);
        _modelName = model.Path;
    }

    /// <summary>The most bytes that idle workers hold together, so that many cores do not keep the memory of many large images.</summary>
    public long MostIdleBytes { get; init; } = 512 << 20;

    /// <summary>A warning for the log: that the GPU cannot be used; null if there is none.</summary>
    public string? Warning { get; }

    /// <summary>Takes a worker for one thread; disposing the lease gives it back.</summary>
    /// <exception cref="ObjectDisposedException">The engine is disposed.</exception>
    public WorkerLease Rent(WorkerKey key)
    {
        _uses.Enter();
        try
        {
            return new(this, FindIdle(key) ?? new(_session.Session, key, _modelName));
        }
        catch
        {
            _uses.Leave();
            throw;
        }
    }

    /// <summary>The bytes that idle workers hold together.</summary>
    public long IdleBytes => Volatile.Read(ref _idleBytes);

    /// <summary>Takes a worker back; for <see cref="WorkerLease"/>. One that would hold too much is disposed.</summary>
    public void Return(InferenceWorker worker)
    {
        bool isKept;
        lock (_lock)
        {
            isKept = _idleBytes + worker.KeptBytes <= MostIdleBytes;
            if (isKept)
            {
                _idle.Push(worker);
                _idleBytes += worker.KeptBytes;
            }
        }

        if (!isKept) worker.Dispose();
        _uses.Leave();
    }

    /// <summary>Frees the session, at once or when the last worker has come back.</summary>
    public void Dispose() => _uses.Dispose();

    /// <summary>An idle worker with that key; those with another key are disposed: they are out of use.</summary>
    private InferenceWorker? FindIdle(WorkerKey key)
    {
        while (true)
        {
            InferenceWorker? worker;
            lock (_lock)
            {
                if (!_idle.TryPop(out worker)) return null;
                _idleBytes -= worker.KeptBytes;
            }

            if (worker.Key == key) return worker;
            worker.Dispose();
        }
    }

    private void Free()
    {
        while (_idle.TryPop(out var worker)) worker.Dispose();
        _session.Dispose();
    }

    /// <summary>How a session runs on a device.</summary>
    public static SessionOptions CreateOptions(ExecutionDevice device, Sharing sharing, out string? warning)
    {
        warning = null;
        var options = new SessionOptions
        {
            IntraOpNumThreads = sharing == Sharing.Throughput ? 1 : Environment.ProcessorCount,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        // Threads that spin while they wait would take the cores from runs beside theirs.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (device.GpuDeviceId is not { } id) return options;
        try
        {
            options.AppendExecutionProvider_CUDA(id);
        }
        catch (Exception problem) when (problem is OnnxRuntimeException or EntryPointNotFoundException or DllNotFoundException)
        {
            var reason =
                $"CUDA device {id} cannot be used: {FirstLine(problem.Message)} " +
                "It needs the package Microsoft.ML.OnnxRuntime.Gpu in place of Microsoft.ML.OnnxRuntime, and its CUDA libraries.";
            if (!device.FallbackToCpu)
            {
                options.Dispose();
                throw new InvalidOperationException($"{reason} Set fallbackToCpu to run on the CPU instead.", problem);
            }

            warning = $"{reason} Running on the CPU.";
        }

        return options;
    }

    private static string FirstLine(string message) => message.Split('\n', 2)[0].Trim();
}
