using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace ResNet.Training;

/// <summary>
/// Batch norm of bfloat16 pixels that lie channel after channel, with what follows it (the addition of a shortcut, ReLU), so that each
/// number is fetched from memory as seldom as can be. Sums are of float32 within a piece of fixed size and of float64 over the pieces:
/// the number of threads does not change them. Without AVX-512 the results have the same bits, but come slowly.
/// </summary>
internal readonly unsafe partial struct NormKernels
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

    /// <summary>What the threads of one pass share.</summary>
    private struct Job
    {
        public NormKernels Kernels;
        public delegate*<in NormKernels, int, float*, void> Pass;
        public float* Sums;
    }
}
