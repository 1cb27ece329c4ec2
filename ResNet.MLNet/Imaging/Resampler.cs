using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ResNet.MLNet;

/// <summary>
/// Resizes as Pillow does, to the bit: the horizontal pass first, rounded to bytes, then the vertical one. Only the wanted part of
/// the result is computed. Keeps its buffers, so one instance serves one thread.
/// </summary>
/// <remarks>
/// The two passes are compiled with all optimizations at once: on a busy machine the runtime would do so by itself only after thousands of
/// images.
/// </remarks>
internal sealed class Resampler
{
    private readonly PixelBuffer _rows = new();
    private readonly ResampleWeights _horizontal = new(), _vertical = new();

    /// <inheritdoc cref="ImageMemory.KeptBytes"/>
    public long KeptBytes => _rows.KeptBytes;

    /// <summary>Gives back memory that is too large to be kept for the next image.</summary>
    public void LetGo() => _rows.LetGo();

    /// <summary>Resizes a part of an image to a size and gives a part of the result.</summary>
    /// <param name="source">The image.</param>
    /// <param name="box">The part of the image that is resized, in pixels.</param>
    /// <param name="width">Width of the whole result.</param>
    /// <param name="height">Height of the whole result.</param>
    /// <param name="wanted">The part of the result that is wanted.</param>
    /// <param name="interpolation">The filter.</param>
    /// <param name="target">Receives the part.</param>
    /// <param name="left">Column of the target where it goes.</param>
    /// <param name="top">Row of the target where it goes.</param>
    public void Resize(
        PixelBuffer source,
        PixelBox box,
        int width,
        int height,
        PixelBox wanted,
        Interpolation interpolation,
        PixelBuffer target,
        int left = 0,
        int top = 0)
    {
        _horizontal.Compute(source.Width, box.Left, box.Width, width, wanted.Left, wanted.Width, interpolation);
        _vertical.Compute(source.Height, box.Top, box.Height, height, wanted.Top, wanted.Height, interpolation);
        var firstRow = _vertical.FirstInput;
        _rows.Reset(wanted.Width, _vertical.EndInput - firstRow);
        for (var y = 0; y < _rows.Height; y++) Horizontal(source.Row(firstRow + y), _rows.Row(y));
        for (var y = 0; y < wanted.Height; y++)
            Vertical(y, firstRow, target.Row(top + y).Slice(left * PixelBuffer.BytesPerPixel, _rows.Stride));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Horizontal(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var pixels = MemoryMarshal.Cast<byte, uint>(from);
        var results = MemoryMarshal.Cast<byte, uint>(to);
        var half = Vector128.Create(1 << (ResampleWeights.PrecisionBits - 1));
        for (var x = 0; x < results.Length; x++)
        {
            var weights = _horizontal.Weights(x);
            var used = pixels.Slice(_horizontal.Start(x), weights.Length);
            var sum = half;
            for (var i = 0; i < used.Length; i++) sum += Widen(used[i]) * weights[i];
            results[x] = Narrow(sum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Vertical(int output, int firstRow, Span<byte> to)
    {
        var weights = _vertical.Weights(output);
        var start = _vertical.Start(output) - firstRow;
        ref var rows = ref MemoryMarshal.GetReference(_rows.Bytes);
        var stride = (nuint)_rows.Stride;
        var half = Vector256.Create(1 << (ResampleWeights.PrecisionBits - 1));
        var x = 0;
        for (; x <= to.Length - Vector128<byte>.Count; x += Vector128<byte>.Count)
        {
            var (low, high) = (half, half);
            ref var at = ref Unsafe.Add(ref rows, (nuint)start * stride + (nuint)x);
            foreach (var weight in weights)
            {
                var (lower, upper) = Vector256.Widen(Vector256.WidenLower(Vector128.LoadUnsafe(ref at).ToVector256()));
                low += lower.AsInt32() * weight;
                high += upper.AsInt32() * weight;
                at = ref Unsafe.Add(ref at, stride);
            }

            var words = Vector256.NarrowWithSaturation(low >> ResampleWeights.PrecisionBits, high >> ResampleWeights.PrecisionBits);
            Clip(words).CopyTo(to[x..]);
        }

        for (; x < to.Length; x++)
        {
            var sum = 1 << (ResampleWeights.PrecisionBits - 1);
            for (var i = 0; i < weights.Length; i++) sum += _rows.Row(start + i)[x] * weights[i];
            to[x] = (byte)Math.Clamp(sum >> ResampleWeights.PrecisionBits, 0, 255);
        }
    }

    private static Vector128<byte> Clip(Vector256<short> words)
    {
        var clamped = Vector256.Max(words, Vector256<short>.Zero).AsUInt16();
        return Vector128.NarrowWithSaturation(clamped.GetLower(), clamped.GetUpper());
    }

    private static Vector128<int> Widen(uint pixel) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(pixel).AsByte())).AsInt32();

    private static uint Narrow(Vector128<int> sum)
    {
        var clipped = Vector128.Clamp(sum >> ResampleWeights.PrecisionBits, Vector128<int>.Zero, Vector128.Create(255)).AsUInt32();
        return Vector128.Narrow(Vector128.Narrow(clipped, clipped), Vector128<ushort>.Zero).AsUInt32().ToScalar();
    }
}
