using Microsoft.ML.OnnxRuntime;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>A session whose outputs are values inside the network. It has weights of its own. Many threads may use it at once.</summary>
internal sealed class LayerSession : IDisposable
{
    private readonly OwnedSession _session;
    private readonly string[] _outputs;
    private readonly string? _modelName;
    private readonly UseCount _uses;

    /// <param name="file">The model file.</param>
    /// <param name="device">Where to run.</param>
    /// <param name="change">Changes the graph and gives the names of its outputs.</param>
    /// <exception cref="InvalidDataException">The model cannot be loaded, or has no such values; the message names it.</exception>
    public LayerSession(OpenedModel file, ExecutionDevice device, Func<ModelProto, string[]> change)
    {
        var bytes = file.ReadBytes();
        _modelName = file.Path;
        using var options = InferenceEngine.CreateOptions(device, Sharing.Latency, out _);
        try
        {
            var model = ModelProto.Parser.ParseFrom(bytes);
            _outputs = change(model);
            _session = new(new InferenceSession(Google.Protobuf.MessageExtensions.ToByteArray(model), options), bytes.LongLength);
        }
        catch (Exception problem) when (problem is InvalidDataException or OnnxRuntimeException)
        {
            throw new InvalidDataException(file.Path is null ? problem.Message : $"'{file.Path}': {problem.Message}", problem);
        }

        _uses = new(_session.Dispose);
    }

    /// <summary>Runs the network on one image.</summary>
    /// <param name="pixels">[3, size, size] raw values.</param>
    /// <param name="size">Height and width in pixels.</param>
    /// <returns>The values of each output with their shape, all finite.</returns>
    /// <exception cref="InvalidDataException">A value is not finite; the message names the model.</exception>
    /// <exception cref="ObjectDisposedException">The session is disposed.</exception>
    public InnerValue[] Run(float[] pixels, int size)
    {
        _uses.Enter();
        try
        {
            return RunSession(pixels, size);
        }
        finally
        {
            _uses.Leave();
        }
    }

    /// <summary>Frees the session, at once or when the last run has ended.</summary>
    public void Dispose() => _uses.Dispose();

    private InnerValue[] RunSession(float[] pixels, int size)
    {
        using var options = new RunOptions();
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [1, 3, size, size]);
        // A value that is asked for twice (a block that ends a stage) is computed once.
        string[] distinct = [.. _outputs.Distinct(StringComparer.Ordinal)];
        using var outputs = _session.Session.Run(options, [ModelFile.InputName], [input], distinct);
        var values = outputs.Select(each => new InnerValue(
            each.GetTensorDataAsSpan<float>().ToArray(), [.. each.GetTensorTypeAndShape().Shape.Select(size => (int)size)])).ToList();
        if (values.Exists(each => each.Values.Any(value => !float.IsFinite(value))))
        {
            var model = _modelName is null ? "The network" : $"'{_modelName}'";
            throw new InvalidDataException($"{model} gives values that are not finite. Its weights are damaged or too large.");
        }

        return [.. _outputs.Select(name => values[Array.IndexOf(distinct, name)])];
    }
}

/// <summary>A tensor that a network makes.</summary>
/// <param name="Values">The values.</param>
/// <param name="Shape">Its dimensions.</param>
internal sealed record InnerValue(float[] Values, int[] Shape);
