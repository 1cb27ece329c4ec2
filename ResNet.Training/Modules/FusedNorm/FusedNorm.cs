using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Batch norm in training, the addition of a shortcut and ReLU as one operation, on processors for which <see cref="NormKernels"/> are there. libtorch's own operations
/// go over memory nine times where these go five times.
/// </summary>
internal sealed class FusedNorm : autograd.SingleTensorFunction<FusedNorm>
{
    private const string CallKey = "call";

    /// <summary>What <see cref="forward"/> has to do: TorchSharp 0.107 fails with arguments that are not tensors.</summary>
    [ThreadStatic]
    private static Call? _call;

    /// <summary>The last gradients that were handed over. libtorch has its own reference by now; TorchSharp would keep ours until the step is done.</summary>
    [ThreadStatic]
    private static List<Tensor>? _handedOver;

    public override string Name => nameof(FusedNorm);

    /// <summary>Whether this can stand in for libtorch's operations.</summary>
    public static bool Fits(Tensor input, Tensor? addend) =>
        NormKernels.IsSupported && Fits(input) && (addend is null || (Fits(addend) && addend.shape.AsSpan().SequenceEqual(input.shape)));

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
        var (call, input, weight, bias) = (_call!, (Tensor)arguments[0], (Tensor)arguments[1], (Tensor)arguments[2]);
        var addend = arguments.Length > 3 ? (Tensor)arguments[3] : null;
        using var scope = NewDisposeScope();
        var (channels, count) = ((int)input.shape[1], input.numel() / input.shape[1]);
        var output = empty_like(input);
        var kernels = new NormKernels(channels, count) { Input = Pixels(input), Output = Pixels(output), Addend = addend is null ? null : Pixels(addend), Relu = call.Relu };
        var (mean, inverse, factor, offset) = (new float[channels], new float[channels], new float[channels], new float[channels]);
        var (sums, squares) = (new double[channels], new double[channels]);
        Span<float> weights = Numbers(weight), biases = Numbers(bias), runningMean = Numbers(call.RunningMean), runningVariance = Numbers(call.RunningVariance);
        // Any pixel is a good center: it is about as far from zero as the mean is.
        for (var channel = 0; channel < channels; channel++) mean[channel] = BitConverter.UInt32BitsToSingle((uint)kernels.Input[channel] << 16);
        fixed (float* means = mean, factors = factor, offsets = offset)
        {
            kernels.Center = means;
            kernels.Factor = factors;
            kernels.Offset = offsets;
            kernels.SumInput(sums, squares);
            for (var channel = 0; channel < channels; channel++)
            {
                var shift = sums[channel] / count;
                var variance = Math.Max(0, squares[channel] / count - shift * shift);
                if (double.IsNaN(squares[channel])) variance = double.NaN;
                mean[channel] += (float)shift;
                inverse[channel] = (float)(1 / Math.Sqrt(variance + call.Epsilon));
                factor[channel] = weights[channel] * inverse[channel];
                offset[channel] = biases[channel] - mean[channel] * factor[channel];
                runningMean[channel] += (float)(call.Momentum * (mean[channel] - runningMean[channel]));
                runningVariance[channel] += (float)(call.Momentum * (variance * count / Math.Max(1, count - 1) - runningVariance[channel]));
            }

            kernels.Forward();
        }

        context.save_for_backward([input, weight, output]);
        context.save_data(CallKey, (call.Relu, addend is not null, mean, inverse));
        return output.MoveToOuterDisposeScope();
    }

    public override unsafe List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
    {
        _handedOver?.ForEach(each => each.Dispose());
        using var given = gradient;
        using var scope = NewDisposeScope();
        var (relu, added, mean, inverse) = ((bool, bool, float[], float[]))context.get_data(CallKey);
        var (input, weight, output) = context.get_saved_variables() is [var first, var second, var third] ? (first, second, third) : throw new InvalidOperationException();
        if (!Fits(gradient)) gradient = gradient.to(ScalarType.BFloat16).permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        var (channels, count) = (mean.Length, input.numel() / mean.Length);
        var inputGradient = empty_like(input);
        // Without ReLU in between, the gradient goes on to the addend as it is.
        var addendGradient = added && relu ? empty_like(input) : null;
        var kernels = new NormKernels(channels, count)
        {
            Input = Pixels(input),
            Output = Pixels(output),
            OutputGradient = Pixels(gradient),
            InputGradient = Pixels(inputGradient),
            AddendGradient = addendGradient is null ? null : Pixels(addendGradient),
            Relu = relu,
        };
        var (weightGradient, biasGradient) = (empty(channels, float32), empty(channels, float32));
        Span<float> weights = Numbers(weight), forWeight = Numbers(weightGradient), forBias = Numbers(biasGradient);
        var (sums, products) = (new double[channels], new double[channels]);
        var (factor, inputFactor, offset) = (new float[channels], new float[channels], new float[channels]);
        fixed (float* means = mean, factors = factor, inputFactors = inputFactor, offsets = offset)
        {
            kernels.Center = means;
            kernels.Factor = factors;
            kernels.InputFactor = inputFactors;
            kernels.Offset = offsets;
            kernels.SumGradient(sums, products);
            for (var channel = 0; channel < channels; channel++)
            {
                var scale = (double)weights[channel] * inverse[channel];
                var slope = -scale * inverse[channel] * inverse[channel] * products[channel] / count;
                (forWeight[channel], forBias[channel]) = ((float)(products[channel] * inverse[channel]), (float)sums[channel]);
                (factor[channel], inputFactor[channel], offset[channel]) = ((float)scale, (float)slope, (float)(-scale * sums[channel] / count - mean[channel] * slope));
            }

            kernels.Backward();
        }

        List<Tensor> results = [inputGradient, weightGradient, biasGradient];
        if (added) results.Add(addendGradient ?? gradient.alias());
        _handedOver = results.ConvertAll(each => each.MoveToOuterDisposeScope());
        return _handedOver;
    }

    private static bool Fits(Tensor pixels)
    {
        if (pixels.dtype != ScalarType.BFloat16 || pixels.device_type != TorchSharp.DeviceType.CPU || pixels.shape is not [_, var channels, _, _] || channels % NormKernels.Width != 0 || pixels.numel() > int.MaxValue / 2) return false;
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
}
