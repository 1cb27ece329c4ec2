using System.Globalization;

namespace ResNet.MLNet;

// The names of architectures: written, and read back.
public sealed partial record ResNetArchitecture
{
    /// <summary>
    /// The name with the options that differ from the default, such as <c>resnet50:v1</c> or <c>cifar-resnet20:B,width=8</c>.
    /// <see cref="Parse"/> reads it. The number of classes is not part of it.
    /// </summary>
    public string Name
    {
        get
        {
            List<string> options = [];
            if (Shortcut != DefaultShortcut) options.Add(Shortcut.ToString());
            if (Stride == BottleneckStride.First1x1) options.Add("v1");
            if (Width != DefaultWidth) options.Add($"width={Width}");
            return options.Count == 0 ? BaseName : $"{BaseName}:{string.Join(',', options)}";
        }
    }

    private string BaseName
    {
        get
        {
            var set = Stem == StemKind.Cifar ? "cifar-" : "";
            var family = Block == BlockKind.Plain ? "plain" : "resnet";
            return string.Create(CultureInfo.InvariantCulture, $"{set}{family}{Depth}");
        }
    }

    /// <summary>
    /// Reads a name: <c>resnet18</c>, <c>34</c>, <c>50</c>, <c>101</c>, <c>152</c>, <c>plain18</c>, <c>plain34</c>, <c>cifar-resnet20</c>
    /// (any 6n+2), <c>cifar-plain20</c>; then, after a colon and separated by commas, options: <c>A</c>, <c>B</c> or <c>C</c> (shortcuts),
    /// <c>v1</c> or <c>v1.5</c> (bottleneck stride), <c>width=N</c> (first stage).
    /// </summary>
    /// <param name="name">The name, in any case.</param>
    /// <param name="classes">Number of classes; null for the default, 1000 or 10 (CIFAR).</param>
    /// <exception cref="FormatException">The name is none of these. The message lists those that are.</exception>
    public static ResNetArchitecture Parse(string name, int? classes = null)
    {
        ArgumentNullException.ThrowIfNull(name);
        var parts = name.Trim().Split(':', 2);
        try
        {
            var architecture = ParseBase(parts[0].ToLowerInvariant()) ?? throw new FormatException(
                $"There is no architecture named '{name}'. There are: resnet18, resnet34, resnet50, resnet101, resnet152, " +
                "plain18, plain34, cifar-resnetN and cifar-plainN with N = 20, 32, 44, 56, 110, 1202 or any other 6n+2.");
            foreach (var option in parts.Length == 2 ? parts[1].Split(',') : [])
                architecture = WithOption(architecture, option.Trim(), name);
            return classes is { } count ? architecture with { Classes = count } : architecture;
        }
        catch (ArgumentException problem)
        {
            throw new FormatException($"'{name}' does not name an architecture: {problem.Message}", problem);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Classes == DefaultClasses ? Name : $"{Name} ({Classes} classes)";

    private static ResNetArchitecture? ParseBase(string name)
    {
        if (All.FirstOrDefault(known => known.BaseName == name) is { } named) return named;
        if (Depth("cifar-resnet") is { } residual) return CifarResNet(residual);
        return Depth("cifar-plain") is { } plain ? CifarPlain(plain) : null;

        int? Depth(string prefix) =>
            name.StartsWith(prefix, StringComparison.Ordinal) &&
            int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var depth)
                ? depth
                : null;
    }

    private static ResNetArchitecture WithOption(ResNetArchitecture architecture, string option, string name)
    {
        const string Width = "width=";
        var lower = option.ToLowerInvariant();
        if (lower.StartsWith(Width, StringComparison.Ordinal)
            && int.TryParse(lower.AsSpan(Width.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var width))
        {
            return architecture with { Width = width };
        }

        return lower switch
        {
            "a" => architecture with { Shortcut = ShortcutOption.A },
            "b" => architecture with { Shortcut = ShortcutOption.B },
            "c" => architecture with { Shortcut = ShortcutOption.C },
            "v1" => architecture with { Stride = BottleneckStride.First1x1 },
            "v1.5" => architecture with { Stride = BottleneckStride.Middle3x3 },
            _ => throw new FormatException(
                $"'{option}' in '{name}' is not an option of an architecture. Options are A, B, C (shortcuts), v1, v1.5 " +
                "(bottleneck stride) and width=N."),
        };
    }
}
