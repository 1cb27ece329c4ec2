using System.Buffers.Binary;
using System.Diagnostics;

namespace ResNet.Tests;

/// <summary>Damages files in many ways, each a function of its seed, and counts what comes of it.</summary>
internal static class Mutations
{
    private const int LongestRun = 64;
    private static readonly uint[] Extremes = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, int.MaxValue, 0x80000000, uint.MaxValue];

    /// <summary>Tries damaged copies of a file.</summary>
    /// <param name="original">The bytes of the file.</param>
    /// <param name="count">The number of copies; their seeds are 0, 1, ...</param>
    /// <param name="outcome">Uses a copy and says what happened, in a word or two. It throws for what must not happen.</param>
    /// <param name="log">Receives the number of copies of each outcome, and the longest time that one took.</param>
    public static void Try(byte[] original, int count, Func<byte[], string> outcome, TestContext log)
    {
        SortedDictionary<string, int> outcomes = new(StringComparer.Ordinal);
        List<string> failures = [];
        var longest = TimeSpan.Zero;
        for (var seed = 0; seed < count; seed++)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                var what = outcome(Damage(original, seed));
                outcomes[what] = outcomes.GetValueOrDefault(what) + 1;
            }
            catch (Exception problem)
            {
                failures.Add($"seed {seed}: {problem.GetType().Name}: {problem.Message.Split('\n')[0]}");
            }

            var time = Stopwatch.GetElapsedTime(start);
            if (time > longest) longest = time;
        }

        var counts = outcomes.Select(each => $"{each.Value:N0} {each.Key}");
        log.WriteLine($"{string.Join(", ", counts)}; longest {longest.TotalMilliseconds:0} ms");
        Assert.IsEmpty(failures, $"{failures.Count} of {count}:\n{string.Join('\n', failures.Take(20))}");
    }

    /// <summary>A damaged copy, which may by chance equal the original.</summary>
    public static byte[] Damage(byte[] original, int seed)
    {
        var random = new Random(seed);
        var place = random.Next(original.Length);
        var run = Math.Min(random.Next(1, LongestRun), original.Length - place);
        var other = random.Next(original.Length - run + 1);
        var copy = original.ToArray();
        switch (random.Next(9))
        {
            case 0:
                copy[place] ^= (byte)(1 << random.Next(8));
                return copy;
            case 1:
                for (var bits = random.Next(2, 50); bits > 0; bits--) copy[random.Next(copy.Length)] ^= (byte)(1 << random.Next(8));
                return copy;
            case 2:
                random.NextBytes(copy.AsSpan(place, run));
                return copy;
            case 3:
                copy.AsSpan(place, run).Fill((byte)(random.Next(2) * 0xff));
                return copy;
            case 4:
                original.AsSpan(other, run).CopyTo(copy.AsSpan(place));
                return copy;
            case 5:
                return copy[..place];
            case 6:
                return [.. copy[..place], .. copy[(place + run)..]];
            case 7:
                return [.. copy[..place], .. original[other..(other + run)], .. copy[place..]];
            default:
                Span<byte> number = stackalloc byte[sizeof(uint)];
                BinaryPrimitives.WriteUInt32LittleEndian(number, Extremes[random.Next(Extremes.Length)]);
                number[..Math.Min(number.Length, copy.Length - place)].CopyTo(copy.AsSpan(place));
                return copy;
        }
    }
}
