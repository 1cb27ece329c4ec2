using Microsoft.ML.OnnxRuntime;

namespace ResNet.MLNet;

/// <summary>Proves that two model files compute the same, by running both on the same images.</summary>
internal static class GraphProof
{
    /// <summary>The greatest difference, relative to the largest value, at which two networks count as the same.</summary>
    public const double Tolerance = 1e-5;

    private const int Images = 2;

    /// <summary>The greatest difference of an output of both networks, relative to its largest value.</summary>
    /// <param name="left">The bytes of a model file.</param>
    /// <param name="right">The bytes of another one, whose values are those that count.</param>
    /// <param name="size">Height and width of the images, in pixels.</param>
    /// <exception cref="InvalidDataException">They have no output in common, or one cannot be run.</exception>
    public static double Difference(byte[] left, byte[] right, int size)
    {
        using var first = Open(left);
        using var second = Open(right);
        string[] outputs = [ModelFile.FeaturesName, ModelFile.LogitsName];
        var common = outputs.Where(name => first.OutputNames.Contains(name) && second.OutputNames.Contains(name)).ToList();
        if (common.Count == 0) throw new InvalidDataException("the networks have no output in common");
        return Enumerable.Range(0, Images).Max(image =>
        {
            var pixels = Pixels(image, size);
            return Run(first, common, pixels, size).Zip(Run(second, common, pixels, size), Difference).Max();
        });
    }

    /// <summary>Opens a model.</summary>
    /// <exception cref="InvalidDataException">ONNX Runtime cannot load it.</exception>
    public static InferenceSession Open(byte[] model)
    {
        OnnxRuntimeLibrary.Load();
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        try
        {
            return new(model, options);
        }
        catch (OnnxRuntimeException problem)
        {
            throw new InvalidDataException($"ONNX Runtime cannot load the model: {problem.Message}", problem);
        }
    }

    private static double Difference(float[] actual, float[] expected)
    {
        if (actual.Length != expected.Length) return double.PositiveInfinity;
        var difference = actual.Zip(expected, (left, right) => Math.Abs((double)left - right)).Max();
        return difference == 0 ? 0 : difference / expected.Max(Math.Abs);
    }

    private static List<float[]> Run(InferenceSession session, List<string> outputs, float[] pixels, int size)
    {
        // A batch may be fixed.
        var batch = Math.Max(1, session.InputMetadata[ModelFile.InputName].Dimensions[0]);
        float[] images = [.. Enumerable.Repeat(pixels, batch).SelectMany(values => values)];
        using var input = OrtValue.CreateTensorValueFromMemory(images, [batch, 3, size, size]);
        using var options = new RunOptions();
        try
        {
            using var results = session.Run(options, [ModelFile.InputName], [input], outputs);
            return [.. results.Select(First)];
        }
        catch (OnnxRuntimeException problem)
        {
            throw new InvalidDataException($"the network cannot be run on images of {size} x {size} pixels: {problem.Message}", problem);
        }

        float[] First(OrtValue result)
        {
            var values = result.GetTensorDataAsSpan<float>();
            return values[..(values.Length / batch)].ToArray();
        }
    }

    /// <summary>An image with large forms and noise, as photographs have: [3, size, size], 0 to 255.</summary>
    private static float[] Pixels(int seed, int size)
    {
        var random = new Random(seed);
        var pixels = new float[3 * size * size];
        for (var i = 0; i < pixels.Length; i++)
        {
            var (x, y) = (i % size / (double)size, i / size % size / (double)size);
            var channel = i / (size * size);
            var form = Math.Sin((3 + channel) * x + seed) * Math.Cos((5 - channel) * y + channel);
            pixels[i] = (float)Math.Clamp(127 + 90 * form + random.Next(-30, 31), 0, 255);
        }

        return pixels;
    }
}
