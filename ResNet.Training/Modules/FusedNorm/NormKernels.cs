using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Training;

/// <summary>
/// Batch norm of bfloat16 pixels that lie channel after channel, with what follows it (the addition of a shortcut, ReLU), so that each
/// number is fetched from memory as seldom as can be. Sums are of float32 within a piece of fixed size and of float64 over the pieces:
/// the number of threads does not change them. Without AVX-512 the results have the same bits, but come slowly.
/// </summary>
internal readonly unsafe struct NormKernels
{
    /// <summary>Numbers that are worked on at once; the channels must be a multiple of it.</summary>
    public const int Width = 16;

    /// <summary>Numbers of a piece: what the second level of a core's cache holds with room to spare.</summary>
    private const int PieceSize = 1 << 16;

    private readonly int _channels, _rowsOfPiece, _pieces;
    private readonly long _rows;

    public NormKernels(int channels, long rows)
    {
        _channels = channels;
        _rows = rows;
        _rowsOfPiece = Math.Max(1, PieceSize / channels);
        _pieces = (int)((rows + _rowsOfPiece - 1) / _rowsOfPiece);
    }

    /// <summary>Whether this is faster than libtorch's own operations.</summary>
    public static bool AreFast => Avx512F.IsSupported && CanRun;

    /// <summary>Whether this can be run at all.</summary>
    public static bool CanRun => OpenMp.IsAvailable;

    /// <summary>bfloat16 [rows, channels]: the input.</summary>
    public required ushort* Input { get; init; }

    /// <summary>bfloat16 [rows, channels]: the output.</summary>
    public required ushort* Output { get; init; }

    /// <summary>bfloat16 [rows, channels]: what is added before ReLU, or null.</summary>
    public ushort* Addend { get; init; }

    /// <summary>bfloat16 [rows, channels]: the gradient of the input.</summary>
    public ushort* InputGradient { get; init; }

    /// <summary>bfloat16 [rows, channels]: the gradient of the output.</summary>
    public ushort* OutputGradient { get; init; }

    /// <summary>bfloat16 [rows, channels]: the gradient of the addend, or null.</summary>
    public ushort* AddendGradient { get; init; }

    /// <summary>Whether ReLU follows.</summary>
    public required bool Relu { get; init; }

    /// <summary>[channels] What is taken from the input before it is summed, which keeps the digits of sums of squares.</summary>
    public required float* Center { get; init; }

    /// <summary>[channels] The result of an element-wise pass is number * Factor + Offset.</summary>
    public required float* Factor { get; init; }

    /// <summary>[channels] See <see cref="Factor"/>.</summary>
    public required float* Offset { get; init; }

    /// <summary>[channels] Backwards, InputFactor * input is added.</summary>
    public float* InputFactor { get; init; }

    /// <summary>By channel: the sums of (input - center) and of its squares.</summary>
    public void SumInput(Span<double> first, Span<double> second) => Sum<InputTerms>(first, second);

    /// <summary>
    /// By channel: the sums of the gradient before ReLU, and of that times (input - center). Writes the addend's gradient, which is the
    /// gradient before ReLU.
    /// </summary>
    public void SumGradient(Span<double> first, Span<double> second) => Sum<GradientTerms>(first, second);

    /// <summary>Output = ReLU(input * factor + offset + addend).</summary>
    public void Forward() => Run(&Forward, null);

    /// <summary>Input's gradient = gradient before ReLU * factor + input * input factor + offset.</summary>
    public void Backward() => Run(&Backward, null);

    private void Sum<T>(Span<double> first, Span<double> second)
        where T : ITerms
    {
        var sums = GC.AllocateUninitializedArray<float>(2 * _channels * _pieces);
        fixed (float* pointer = sums) Run(&Sum<T>, pointer);
        first.Clear();
        second.Clear();
        for (var piece = 0; piece < _pieces; piece++)
        {
            for (var channel = 0; channel < _channels; channel++)
            {
                first[channel] += sums[2 * piece * _channels + channel];
                second[channel] += sums[(2 * piece + 1) * _channels + channel];
            }
        }
    }

    private void Run(delegate*<in NormKernels, int, float*, void> pass, float* sums)
    {
        var job = new Job { Kernels = this, Pass = pass, Sums = sums };
        OpenMp.Run(&RunShare, &job);
    }

    /// <summary>Does the calling thread's share of the pieces.</summary>
    [UnmanagedCallersOnly]
    private static void RunShare(void* data)
    {
        var job = (Job*)data;
        var (start, end) = OpenMp.Share(job->Kernels._pieces);
        for (var piece = start; piece < end; piece++) job->Pass(in job->Kernels, piece, job->Sums);
    }

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

    /// <summary>What the threads of one pass share.</summary>
    private struct Job
    {
        public NormKernels Kernels;
        public delegate*<in NormKernels, int, float*, void> Pass;
        public float* Sums;
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
