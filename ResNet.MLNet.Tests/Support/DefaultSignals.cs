using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace ResNet.Tests;

/// <summary>
/// Starts processes that heed Ctrl-C and a closed terminal, also where this one does not: nohup and a job in the background ignore these
/// signals, and a process inherits that from the one that starts it.
/// </summary>
internal static class DefaultSignals
{
    private const int HangUp = 1, Interrupt = 2;
    private const nint Default = 0, Ignore = 1;
    private static readonly Lock Turn = new();

    /// <summary>Starts a process. Meanwhile the signals have their default effect on this one.</summary>
    public static Process Start(ProcessStartInfo start)
    {
        lock (Turn)
        {
            var ignored = Ignored().ToList();
            // What .NET handles is not touched: it gives a new process the default by itself.
            foreach (var signal in ignored) Set(signal, Default);
            try
            {
                return Process.Start(start)!;
            }
            finally
            {
                foreach (var signal in ignored) Set(signal, Ignore);
            }
        }
    }

    private static IEnumerable<int> Ignored()
    {
        const string Field = "SigIgn:", Status = "/proc/self/status";
        if (!OperatingSystem.IsLinux()) return [];
        var digits = File.ReadLines(Status).First(line => line.StartsWith(Field, StringComparison.Ordinal))[Field.Length..].Trim();
        var mask = ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return new[] { HangUp, Interrupt }.Where(signal => (mask >> (signal - 1) & 1) == 1);
    }

    [DllImport("libc", EntryPoint = "signal")]
    private static extern nint Set(int signal, nint effect);
}
