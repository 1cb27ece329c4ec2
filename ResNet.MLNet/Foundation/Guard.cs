using System.Numerics;
using System.Runtime.CompilerServices;

namespace ResNet.MLNet;

/// <summary>Checks values before they are kept; the exceptions name the property.</summary>
internal static class Guard
{
    public static T AtLeast<T>(T value, T least, [CallerMemberName] string name = "")
        where T : INumber<T> =>
        value >= least && T.IsFinite(value)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} must be {least} or more.");

    public static T Above<T>(T value, T bound, [CallerMemberName] string name = "")
        where T : INumber<T> =>
        value > bound && T.IsFinite(value) ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be above {bound}.");

    /// <summary>A share of less than all: 0 or more and less than 1.</summary>
    public static double Share(double value, [CallerMemberName] string name = "") =>
        value is >= 0 and < 1 ? value : throw new ArgumentOutOfRangeException(name, value, $"{name} must be in [0, 1).");

    public static T NotNull<T>(T? value, [CallerMemberName] string name = "")
        where T : class => value ?? throw new ArgumentNullException(name);

    /// <summary>One of the values that an enumeration has; JSON and casts give others.</summary>
    public static T Defined<T>(T value, [CallerMemberName] string name = "")
        where T : struct, Enum
    {
        if (Enum.IsDefined(value)) return value;
        throw new ArgumentOutOfRangeException(name, value, $"{name} must be one of {string.Join(", ", Enum.GetNames<T>())}.");
    }

    public static T InRange<T>(T value, T least, T greatest, [CallerMemberName] string name = "")
        where T : INumber<T>
    {
        if (value >= least && value <= greatest) return value;
        throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {least} to {greatest}.");
    }
}
