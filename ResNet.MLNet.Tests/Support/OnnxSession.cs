using Microsoft.ML.OnnxRuntime;

namespace ResNet.Tests;

/// <summary>Runs a model with ONNX Runtime directly, without this project's own inference.</summary>
internal sealed class OnnxSession(byte[] model) : IDisposable
{
    private readonly InferenceSession _session = new(model);

    public IReadOnlyList<string> Outputs => _session.OutputNames;

    public float[] Run(string output, float[] input, params long[] shape)
    {
        using var value = OrtValue.CreateTensorValueFromMemory(input, shape);
        using var options = new RunOptions();
        using var results = _session.Run(options, [_session.InputNames[0]], [value], [output]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    public void Dispose() => _session.Dispose();
}
