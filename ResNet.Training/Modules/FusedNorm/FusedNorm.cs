using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Batch norm in training, the addition of a shortcut and ReLU as one operation, for processors on which <see cref="NormKernels"/> are
/// fast. libtorch's own operations go over memory nine times where these go five times.
/// </summary>
internal sealed class FusedNorm : autograd.SingleTensorFunction<FusedNorm>
{
    private const string SavedKey = "saved";

    /// <summary>What <see cref="forward"/> has to do: TorchSharp 0.107 fails with arguments that are not tensors.</summary>
    [ThreadStatic]
    private static Call? _call;

    /// <summary>
    /// The last gradients that were handed over. libtorch has its own reference by now; TorchSharp would keep ours until the step is done.
    /// </summary>
    [ThreadStatic]
    private static List<Tensor>? _handedOver;

    public override string Name => nameof(FusedNorm);

    /// <summary>Whether this takes such tensors.</summary>
    public static bool Fits(Tensor input, Tensor? addend)
    {
        if (!Fits(input)) return false;
        return addend is null || (Fits(addend) && addend.shape.AsSpan().SequenceEqual(input.shape));
    }

    /// <summary>ReLU(batch norm(input) + addend); updates the running statistics.</summary>
    /// <param name="input">bfloat16 [batch, channels, height, width], channels last.</param>
    /// <param name="weight">float32 [channels].</param>
    /// <param name="bias">float32 [channels].</param>
    /// <param name="addend">What is added before ReLU, or null.</param>
    /// <param name="call">How.</param>
    public static Tensor Apply(Tensor input, Tensor weight, Tensor bias, Tensor? addend, Call call)
    {
        // TorchSharp makes another tensor of the result's size, which nobody needs.
        using var scope = NewDisposeScope();
        _call = call;
        return (addend is null ? apply(input, weight, bias) : apply(input, weight, bias, addend)).MoveToOuterDisposeScope();
    }

    public override unsafe Tensor forward(autograd.AutogradContext context, params object[] arguments)
    {
        var call = _call!;
        var input = (Tensor)arguments[0];
        var weight = (Tensor)arguments[1];
        var bias = (Tensor)arguments[2];
        var addend = arguments.Length > 3 ? (Tensor)arguments[3] : null;
        using var scope = NewDisposeScope();
        var channels = (int)input.shape[1];
        var count = input.numel() / channels;
        var output = empty_like(input);
        var pixels = Pixels(input);
        var saved = new Saved(call.Relu, addend is not null, new float[channels], new float[channels]);
        float[] center = CenterOf(pixels, channels), factor = new float[channels], offset = new float[channels];
        double[] sums = new double[channels], squares = new double[channels];
        fixed (float* centers = center, factors = factor, offsets = offset)
        {
            var kernels = new NormKernels(channels, count)
            {
                Input = pixels,
                Output = Pixels(output),
                Addend = addend is null ? null : Pixels(addend),
                Relu = call.Relu,
                Center = centers,
                Factor = factors,
                Offset = offsets,
            };
            kernels.SumInput(sums, squares);
            Span<float> weights = Numbers(weight), biases = Numbers(bias);
            Span<float> runningMean = Numbers(call.RunningMean), runningVariance = Numbers(call.RunningVariance);
            for (var channel = 0; channel < channels; channel++)
            {
                var (mean, variance, inverse) = ChannelStatistics.Of(center[channel], sums[channel], squares[channel], count, call.Epsilon);
                saved.Mean[channel] = mean;
                saved.Inverse[channel] = inverse;
                factor[channel] = weights[channel] * inverse;
                offset[channel] = biases[channel] - mean * factor[channel];
                var unbiased = variance * count / Math.Max(1, count - 1);
                runningMean[channel] += (float)(call.Momentum * (mean - runningMean[channel]));
                runningVariance[channel] += (float)(call.Momentum * (unbiased - runningVariance[channel]));
            }

            kernels.Forward();
        }

        context.save_for_backward([input, weight, output]);
        context.save_data(SavedKey, saved);
        return output.MoveToOuterDisposeScope();
    }

    public override unsafe List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
    {
        _handedOver?.ForEach(each => each.Dispose());
        using var given = gradient;
        using var scope = NewDisposeScope();
        var saved = (Saved)context.get_data(SavedKey);
        var tensors = context.get_saved_variables();
        Tensor input = tensors[0], weight = tensors[1], output = tensors[2];
        if (!Fits(gradient)) gradient = gradient.to(ScalarType.BFloat16).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        var channels = saved.Mean.Length;
        var count = input.numel() / channels;
        var inputGradient = empty_like(input);
        // Without ReLU in between, the gradient goes on to the addend as it is.
        var addendGradient = saved.IsAdded && saved.Relu ? empty_like(input) : null;
        Tensor weightGradient = empty(channels, float32), biasGradient = empty(channels, float32);
        float[] factor = new float[channels], inputFactor = new float[channels], offset = new float[channels];
        double[] sums = new double[channels], products = new double[channels];
        fixed (float* means = saved.Mean, factors = factor, inputFactors = inputFactor, offsets = offset)
        {
            var kernels = new NormKernels(channels, count)
            {
                Input = Pixels(input),
                Output = Pixels(output),
                OutputGradient = Pixels(gradient),
                InputGradient = Pixels(inputGradient),
                AddendGradient = addendGradient is null ? null : Pixels(addendGradient),
                Relu = saved.Relu,
                Center = means,
                Factor = factors,
                InputFactor = inputFactors,
                Offset = offsets,
            };
            kernels.SumGradient(sums, products);
            Span<float> weights = Numbers(weight), forWeight = Numbers(weightGradient), forBias = Numbers(biasGradient);
            for (var channel = 0; channel < channels; channel++)
            {
                var (mean, inverse) = (saved.Mean[channel], saved.Inverse[channel]);
                var gradients = ChannelGradients.Of(sums[channel], products[channel], weights[channel], mean, inverse, count);
                forWeight[channel] = gradients.Weight;
                forBias[channel] = gradients.Bias;
                factor[channel] = gradients.Factor;
                inputFactor[channel] = gradients.InputFactor;
                offset[channel] = gradients.Offset;
            }

            kernels.Backward();
        }

        List<Tensor> results = [inputGradient, weightGradient, biasGradient];
        if (saved.IsAdded) results.Add(addendGradient ?? gradient.alias());
        _handedOver = results.ConvertAll(each => each.MoveToOuterDisposeScope());
        return _handedOver;
    }

    /// <summary>
    /// By channel, a number near the mean, from which the sums are taken (see <see cref="ChannelStatistics.Of"/>): the first pixel. Any
    /// pixel would do, because it lies about a standard deviation from the mean, while zero can lie many away.
    /// </summary>
    private static unsafe float[] CenterOf(ushort* pixels, int channels)
    {
        var center = new float[channels];
        for (var channel = 0; channel < channels; channel++) center[channel] = BitConverter.UInt32BitsToSingle((uint)pixels[channel] << 16);
        return center;
    }

    private static bool Fits(Tensor pixels)
    {
        if (pixels.dtype != ScalarType.BFloat16 || pixels.device_type != TorchSharp.DeviceType.CPU) return false;
        if (pixels.shape is not [_, var channels, _, _] || channels % NormKernels.Width != 0) return false;
        if (pixels.numel() > int.MaxValue / 2) return false;
        using var rows = pixels.permute(0, 2, 3, 1);
        return rows.is_contiguous();
    }

    private static unsafe ushort* Pixels(Tensor pixels)
    {
        using var rows = pixels.detach().permute(0, 2, 3, 1);
        fixed (byte* pointer = rows.bytes) return (ushort*)pointer;
    }

    private static Span<float> Numbers(Tensor vector)
    {
        using var values = vector.detach();
        return MemoryMarshal.Cast<byte, float>(values.bytes);
    }

    /// <summary>How batch norm is to be done.</summary>
    internal sealed record Call(bool Relu, Tensor RunningMean, Tensor RunningVariance, double Momentum, double Epsilon);

    /// <summary>What the backward pass has to know of the forward pass, beside the tensors.</summary>
    private sealed record Saved(bool Relu, bool IsAdded, float[] Mean, float[] Inverse);
}
