using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Training;

/// <summary>
/// Batch norm of bfloat16 pixels that lie channel after channel, with what follows it (the addition of a shortcut, ReLU), so that each number is fetched from memory
/// as seldom as can be. Sums are of float32 within a piece of fixed size and of float64 over the pieces: the number of threads does not change them.
/// </summary>
internal unsafe struct NormKernels(int channels, long rows)
{
    /// <summary>Numbers that are worked on at once; the channels must be a multiple of it.</summary>
    public const int Width = 16;

    /// <summary>Numbers of a piece: what the second level of a core's cache holds with room to spare.</summary>
    private const int PieceSize = 1 << 16;

    private readonly int _rowsOfPiece = Math.Max(1, PieceSize / channels), _pieces = (int)((rows + Math.Max(1, PieceSize / channels) - 1) / Math.Max(1, PieceSize / channels));

    /// <summary>bfloat16 [rows, channels]: the input, the output, what is added before ReLU (or null), and the gradients of the three.</summary>
    public ushort* Input, Output, Addend, InputGradient, OutputGradient, AddendGradient;

    /// <summary>Whether ReLU follows.</summary>
    public bool Relu;

    /// <summary>[channels] The result of an element-wise pass is number * Factor + Offset; backwards InputFactor * input is added.</summary>
    public float* Factor, Offset, InputFactor;

    /// <summary>[channels] What is taken from the input before it is summed, which keeps the digits of sums of squares.</summary>
    public float* Center;

    /// <summary>[pieces, 2, channels]</summary>
    private float* _sums;

    public static bool IsSupported => Avx512F.IsSupported && OpenMp.IsAvailable;

    /// <summary>By channel: the sums of (input - center) and of its squares.</summary>
    public void SumInput(Span<double> first, Span<double> second) => Sum(&SumInput, first, second);

    /// <summary>By channel: the sums of the gradient before ReLU, and of that times (input - center). Writes the addend's gradient, which is the gradient before ReLU.</summary>
    public void SumGradient(Span<double> first, Span<double> second) => Sum(&SumGradient, first, second);

    /// <summary>Output = ReLU(input * factor + offset + addend).</summary>
    public void Forward() => Run(&Forward);

    /// <summary>Input's gradient = gradient before ReLU * factor + input * input factor + offset.</summary>
    public void Backward() => Run(&Backward);

    private void Run(delegate* unmanaged<void*, void> kernel)
    {
        var self = this;
        OpenMp.Run(kernel, &self);
    }

    private void Sum(delegate* unmanaged<void*, void> kernel, Span<double> first, Span<double> second)
    {
        var sums = GC.AllocateUninitializedArray<float>(2 * channels * _pieces);
        fixed (float* pointer = sums)
        {
            _sums = pointer;
            Run(kernel);
        }

        first.Clear();
        second.Clear();
        for (var piece = 0; piece < _pieces; piece++)
        {
            for (var channel = 0; channel < channels; channel++)
            {
                first[channel] += sums[2 * piece * channels + channel];
                second[channel] += sums[(2 * piece + 1) * channels + channel];
            }
        }
    }

    [UnmanagedCallersOnly]
    private static void SumInput(void* data)
    {
        var job = (NormKernels*)data;
        var (start, end) = OpenMp.Share(job->_pieces);
        for (var piece = start; piece < end; piece++) job->Sum<InputTerms>(piece);
    }

    [UnmanagedCallersOnly]
    private static void SumGradient(void* data)
    {
        var job = (NormKernels*)data;
        var (start, end) = OpenMp.Share(job->_pieces);
        for (var piece = start; piece < end; piece++) job->Sum<GradientTerms>(piece);
    }

    [UnmanagedCallersOnly]
    private static void Forward(void* data)
    {
        var job = (NormKernels*)data;
        var (start, end) = OpenMp.Share(job->_pieces);
        for (var piece = start; piece < end; piece++) job->Forward(piece);
    }

    [UnmanagedCallersOnly]
    private static void Backward(void* data)
    {
        var job = (NormKernels*)data;
        var (start, end) = OpenMp.Share(job->_pieces);
        for (var piece = start; piece < end; piece++) job->Backward(piece);
    }

    private readonly (long Start, long End) NumbersOf(int piece) => ((long)piece * _rowsOfPiece * channels, Math.Min(rows, (piece + 1L) * _rowsOfPiece) * channels);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Sum<T>(int piece)
        where T : ITerms
    {
        var (start, end) = NumbersOf(piece);
        float* first = _sums + 2L * piece * channels, second = first + channels;
        var channel = 0;
        // Four at a time use whole lines of the cache, and do not wait for one another.
        for (; channel + 4 * Width <= channels; channel += 4 * Width)
        {
            var (center0, center1, center2, center3) = (Vector512.Load(Center + channel), Vector512.Load(Center + channel + Width), Vector512.Load(Center + channel + 2 * Width), Vector512.Load(Center + channel + 3 * Width));
            Vector512<float> first0 = default, first1 = default, first2 = default, first3 = default, second0 = default, second1 = default, second2 = default, second3 = default;
            for (var at = start + channel; at < end; at += channels)
            {
                T.Add(in this, at, center0, ref first0, ref second0);
                T.Add(in this, at + Width, center1, ref first1, ref second1);
                T.Add(in this, at + 2 * Width, center2, ref first2, ref second2);
                T.Add(in this, at + 3 * Width, center3, ref first3, ref second3);
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
            var center = Vector512.Load(Center + channel);
            Vector512<float> first0 = default, second0 = default;
            for (var at = start + channel; at < end; at += channels) T.Add(in this, at, center, ref first0, ref second0);
            first0.Store(first + channel);
            second0.Store(second + channel);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Forward(int piece)
    {
        var (start, end) = NumbersOf(piece);
        for (var row = start; row < end; row += channels)
        {
            for (var channel = 0; channel < channels; channel += Width)
            {
                var value = Vector512.FusedMultiplyAdd(Load(Input + row + channel), Vector512.Load(Factor + channel), Vector512.Load(Offset + channel));
                if (Addend is not null) value += Load(Addend + row + channel);
                // Of two operands the processor gives the second if either is not a number: so NaN stays.
                if (Relu) value = Avx512F.Max(Vector512<float>.Zero, value);
                Store(value, Output + row + channel);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Backward(int piece)
    {
        var (start, end) = NumbersOf(piece);
        for (var row = start; row < end; row += channels)
        {
            for (var channel = 0; channel < channels; channel += Width)
            {
                var at = row + channel;
                var gradient = AddendGradient is not null ? Load(AddendGradient + at) : GradientAt(at);
                var value = Vector512.FusedMultiplyAdd(Load(Input + at), Vector512.Load(InputFactor + channel), Vector512.Load(Offset + channel));
                Store(Vector512.FusedMultiplyAdd(gradient, Vector512.Load(Factor + channel), value), InputGradient + at);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly Vector512<float> GradientAt(long at)
    {
        var gradient = Load(OutputGradient + at);
        return Relu ? Vector512.AndNot(gradient, Vector512.LessThanOrEqual(Load(Output + at), Vector512<float>.Zero)) : gradient;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(ushort* from) => (Avx512F.ConvertToVector512UInt32(Vector256.Load(from)) << 16).AsSingle();

    /// <summary>Rounds to nearest, ties to even.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(Vector512<float> value, ushort* to)
    {
        var bits = value.AsUInt32();
        bits += Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512<uint>.One);
        Avx512F.ConvertToVector256UInt16(bits >>> 16).Store(to);
    }

    /// <summary>What is summed.</summary>
    private interface ITerms
    {
        static abstract void Add(in NormKernels job, long at, Vector512<float> center, ref Vector512<float> first, ref Vector512<float> second);
    }

    private readonly struct InputTerms : ITerms
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Add(in NormKernels job, long at, Vector512<float> center, ref Vector512<float> first, ref Vector512<float> second)
        {
            var value = Load(job.Input + at) - center;
            first += value;
            second = Vector512.FusedMultiplyAdd(value, value, second);
        }
    }

    private readonly struct GradientTerms : ITerms
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Add(in NormKernels job, long at, Vector512<float> center, ref Vector512<float> first, ref Vector512<float> second)
        {
            var gradient = job.GradientAt(at);
            if (job.AddendGradient is not null) Store(gradient, job.AddendGradient + at);
            first += gradient;
            second = Vector512.FusedMultiplyAdd(gradient, Load(job.Input + at) - center, second);
        }
    }
}
