using System.Buffers.Binary;

namespace ResNet.MLNet;

/// <summary>
/// Random numbers that are a function of a seed and of a purpose, such as the epoch and the position in it. So no state has to be kept, and
/// nothing depends on which thread draws first. SplitMix64 (Steele, Lea, Flood 2014).
/// </summary>
internal struct SeededRandom
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private ulong _state;

    public SeededRandom(long seed, params ReadOnlySpan<long> purpose)
    {
        _state = Mix((ulong)seed + Step);
        foreach (var part in purpose) _state = Mix(_state + (ulong)part * Step + Step);
    }

    /// <summary>A number that is evenly distributed in [0, 1).</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number that is evenly distributed in [0, <paramref name="bound"/>).</summary>
    public int Next(int bound) => (int)(((NextBits() >> 32) * (ulong)bound) >> 32);

    public bool NextBool() => NextBits() >> 63 != 0;

    /// <summary>Normally distributed, with mean 0 and standard deviation 1 (Box and Muller 1958).</summary>
    public double NextGaussian() => Math.Sqrt(-2 * Math.Log(1 - NextDouble())) * Math.Cos(Math.Tau * NextDouble());

    /// <summary>Fills memory with bytes that are evenly distributed.</summary>
    public void Fill(Span<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, NextBits());
        for (var bits = NextBits(); bytes.Length > 0; bytes = bytes[1..], bits >>= 8)
            bytes[0] = (byte)bits;
    }

    /// <summary>Puts items into an order of which every one is as likely (Fisher and Yates).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var other = Next(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    private ulong NextBits() => Mix(_state += Step);

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
