using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Training;

/// <content>The passes over one piece: the arithmetic on vectors of 16 numbers.</content>
internal readonly unsafe partial struct NormKernels
{
    private (long Start, long End) NumbersOf(int piece)
    {
        var start = (long)piece * _rowsOfPiece;
        return (start * _channels, Math.Min(_rows, start + _rowsOfPiece) * _channels);
    }

    /// <summary>Sums a piece.</summary>
    /// <param name="kernels">What is summed.</param>
    /// <param name="piece">The number of the piece.</param>
    /// <param name="sums">[pieces, 2, channels] Where the sums go.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sum<T>(in NormKernels kernels, int piece, float* sums)
        where T : ITerms
    {
        var (start, end) = kernels.NumbersOf(piece);
        var channels = kernels._channels;
        float* first = sums + 2L * piece * channels, second = first + channels;
        var channel = 0;
        // Four at a time use whole lines of the cache, and do not wait for one another.
        for (; channel + 4 * Width <= channels; channel += 4 * Width)
        {
            var center = kernels.Center + channel;
            var center0 = Vector512.Load(center);
            var center1 = Vector512.Load(center + Width);
            var center2 = Vector512.Load(center + 2 * Width);
            var center3 = Vector512.Load(center + 3 * Width);
            Vector512<float> first0 = default, first1 = default, first2 = default, first3 = default;
            Vector512<float> second0 = default, second1 = default, second2 = default, second3 = default;
            for (var at = start + channel; at < end; at += channels)
            {
                T.Add(in kernels, at, center0, ref first0, ref second0);
                T.Add(in kernels, at + Width, center1, ref first1, ref second1);
                T.Add(in kernels, at + 2 * Width, center2, ref first2, ref second2);
                T.Add(in kernels, at + 3 * Width, center3, ref first3, ref second3);
            }

            first0.Store(first + channel);
            first1.Store(first + channel + Width);
            first2.Store(first + channel + 2 * Width);
            first3.Store(first + channel + 3 * Width);
            second0.Store(second + channel);
            second1.Store(second + channel + Width);
            second2.Store(second + channel + 2 * Width);
            second3.Store(second + channel + 3 * Width);
        }

        for (; channel < channels; channel += Width)
        {
            var center = Vector512.Load(kernels.Center + channel);
            Vector512<float> first0 = default, second0 = default;
            for (var at = start + channel; at < end; at += channels) T.Add(in kernels, at, center, ref first0, ref second0);
            first0.Store(first + channel);
            second0.Store(second + channel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Forward(in NormKernels kernels, int piece, float* sums)
    {
        var (start, end) = kernels.NumbersOf(piece);
        var channels = kernels._channels;
        for (var row = start; row < end; row += channels)
        {
            for (var channel = 0; channel < channels; channel += Width)
            {
                var factor = Vector512.Load(kernels.Factor + channel);
                var offset = Vector512.Load(kernels.Offset + channel);
                var value = Vector512.FusedMultiplyAdd(Load(kernels.Input + row + channel), factor, offset);
                if (kernels.Addend is not null) value += Load(kernels.Addend + row + channel);
                if (kernels.Relu) value = Rectify(value);
                Store(value, kernels.Output + row + channel);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Backward(in NormKernels kernels, int piece, float* sums)
    {
        var (start, end) = kernels.NumbersOf(piece);
        var channels = kernels._channels;
        for (var row = start; row < end; row += channels)
        {
            for (var channel = 0; channel < channels; channel += Width)
            {
                var at = row + channel;
                var gradient = kernels.AddendGradient is not null ? Load(kernels.AddendGradient + at) : kernels.GradientAt(at);
                var inputFactor = Vector512.Load(kernels.InputFactor + channel);
                var offset = Vector512.Load(kernels.Offset + channel);
                var value = Vector512.FusedMultiplyAdd(Load(kernels.Input + at), inputFactor, offset);
                var factor = Vector512.Load(kernels.Factor + channel);
                Store(Vector512.FusedMultiplyAdd(gradient, factor, value), kernels.InputGradient + at);
            }
        }
    }

    /// <summary>The gradient before ReLU: 0 where ReLU gave 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector512<float> GradientAt(long at)
    {
        var gradient = Load(OutputGradient + at);
        return Relu ? Vector512.AndNot(gradient, Vector512.LessThanOrEqual(Load(Output + at), Vector512<float>.Zero)) : gradient;
    }

    /// <summary>ReLU, through which NaN stays: of two operands the processor gives the second if either is not a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Rectify(Vector512<float> value)
    {
        var zero = Vector512<float>.Zero;
        return Avx512F.IsSupported ? Avx512F.Max(zero, value) : Vector512.ConditionalSelect(Vector512.LessThan(value, zero), zero, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(ushort* from)
    {
        var values = Vector256.Load(from);
        var wide = Avx512F.IsSupported
            ? Avx512F.ConvertToVector512UInt32(values)
            : Vector512.Create(Vector256.WidenLower(values), Vector256.WidenUpper(values));
        return (wide << 16).AsSingle();
    }

    /// <summary>Rounds to nearest, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> value, ushort* to)
    {
        var bits = value.AsUInt32();
        bits += Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512<uint>.One);
        bits >>>= 16;
        var narrow = Avx512F.IsSupported ? Avx512F.ConvertToVector256UInt16(bits) : Vector256.Narrow(bits.GetLower(), bits.GetUpper());
        narrow.Store(to);
    }

    /// <summary>What is summed.</summary>
    private interface ITerms
    {
        static abstract void Add(
            in NormKernels kernels, long at, Vector512<float> center, ref Vector512<float> first, ref Vector512<float> second);
    }

    private readonly struct InputTerms : ITerms
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Add(
            in NormKernels kernels, long at, Vector512<float> center, ref Vector512<float> first, ref Vector512<float> second)
        {
            var value = Load(kernels.Input + at) - center;
            first += value;
            second = Vector512.FusedMultiplyAdd(value, value, second);
        }
    }

    private readonly struct GradientTerms : ITerms
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Add(
            in NormKernels kernels, long at, Vector512<float> center, ref Vector512<float> first, ref Vector512<float> second)
        {
            var gradient = kernels.GradientAt(at);
            if (kernels.AddendGradient is not null) Store(gradient, kernels.AddendGradient + at);
            first += gradient;
            second = Vector512.FusedMultiplyAdd(gradient, Load(kernels.Input + at) - center, second);
        }
    }
}
