using System.Globalization;

namespace ResNet.MLNet;

// The names of architectures: written, and read back.
public sealed partial record ResNetArchitecture
{
    private const int SmallestCifarDepth = 20;
    private const string BottleneckOption = "bottleneck", StagesOption = "stages", WidthOption = "width";
    private const string GroupsOption = "groups", WidthPerGroupOption = "width-per-group";

    /// <summary>
    /// The name with the options that differ from the default, such as <c>resnet50:v1</c>, <c>cifar-resnet20:B,width=8</c> or
    /// <c>resnet18:stages=2.2.2.3</c>. <see cref="Parse"/> reads it. The number of classes is not part of it.
    /// </summary>
    public string Name
    {
        get
        {
            var known = Base;
            List<string> options = [];
            if (Block != known.Block) options.Add(BottleneckOption);
            if (!_stages.Equals(known._stages)) options.Add($"{StagesOption}={string.Join('.', StageBlocks)}");
            if (Shortcut != DefaultShortcut) options.Add(Shortcut.ToString());
            if (Stride == BottleneckStride.First1x1) options.Add("v1");
            if (Width != DefaultWidth) options.Add($"{WidthOption}={Width}");
            if (Groups != known.Groups) options.Add($"{GroupsOption}={Groups}");
            if (WidthPerGroup != known.WidthPerGroup) options.Add($"{WidthPerGroupOption}={WidthPerGroup}");
            return options.Count == 0 ? known.PlainName : $"{known.PlainName}:{string.Join(',', options)}";
        }
    }

    /// <summary>The named network that this one is, but for its options.</summary>
    private ResNetArchitecture Base
    {
        get
        {
            var n = StageBlocks[0];
            if (Stem == StemKind.Cifar)
            {
                var isPaperLike = Block != BlockKind.Bottleneck && StageBlocks is [_, var second, var third] && second == n && third == n;
                var layers = isPaperLike ? Depth : SmallestCifarDepth;
                return Block == BlockKind.Plain ? CifarPlain(layers) : CifarResNet(layers);
            }

            // While the static members are made, All is not there yet.
            ResNetArchitecture[] alike = [.. (All ?? []).Where(known => known.Stem == Stem && known.Block == Block)];
            var sameStages = alike.Where(known => known._stages.Equals(_stages)).ToList();
            return sameStages.Find(known => known.Groups == Groups && known.WidthPerGroup == WidthPerGroup)
                ?? sameStages.FirstOrDefault() ?? alike.FirstOrDefault() ?? this;
        }
    }

    private string BaseName => Base.PlainName;

    /// <summary>The name of a network that <see cref="Base"/> gives.</summary>
    private string PlainName
    {
        get
        {
            var set = Stem == StemKind.Cifar ? "cifar-" : "";
            if (Groups > 1) return string.Create(CultureInfo.InvariantCulture, $"{set}resnext{Depth}_{Groups}x{WidthPerGroup}d");
            if (WidthPerGroup != UsualWidthPerGroup)
                return string.Create(CultureInfo.InvariantCulture, $"{set}wide_resnet{Depth}_{WidthPerGroup / UsualWidthPerGroup}");
            var family = Block == BlockKind.Plain ? "plain" : "resnet";
            return string.Create(CultureInfo.InvariantCulture, $"{set}{family}{Depth}");
        }
    }

    /// <summary>
    /// Reads a name: <c>resnet18</c>, <c>34</c>, <c>50</c>, <c>101</c>, <c>152</c>, <c>plain18</c>, <c>plain34</c>, <c>cifar-resnet20</c>
    /// (any 6n+2), <c>cifar-plain20</c>, torchvision's <c>resnext50_32x4d</c>, <c>resnext101_32x8d</c>, <c>resnext101_64x4d</c>,
    /// <c>wide_resnet50_2</c>, <c>wide_resnet101_2</c>; then, after a colon and separated by commas, options: <c>A</c>, <c>B</c> or
    /// <c>C</c> (shortcuts), <c>v1</c> or <c>v1.5</c> (bottleneck stride), <c>width=N</c> (first stage), <c>stages=2.2.2.3</c> (blocks of
    /// each), <c>groups=N</c> and <c>width-per-group=N</c> (bottleneck blocks), <c>bottleneck</c> (CIFAR networks with such blocks).
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
                "plain18, plain34, resnext50_32x4d, resnext101_32x8d, resnext101_64x4d, wide_resnet50_2, wide_resnet101_2, cifar-resnetN " +
                "and cifar-plainN with N = 20, 32, 44, 56, 110, 1202 or any other 6n+2.");
            foreach (var option in parts.Length == 2 ? parts[1].Split(',') : [])
                architecture = WithOption(architecture, option.Trim(), name);
            return classes is { } count ? architecture with { Classes = count } : architecture;
        }
        catch (ArgumentException problem)
        {
            throw new FormatException($"'{name}' does not name an architecture: {problem.Message}", problem);
        }
    }

    /// <summary>Whether this is the named network, whatever its options are.</summary>
    internal bool HasNameOf(ResNetArchitecture named) => BaseName == named.BaseName;

    /// <inheritdoc/>
    public override string ToString()
    {
        if (Classes == DefaultClasses) return Name;
        return Classes == 0 ? $"{Name} (features only)" : $"{Name} ({Classes} classes)";
    }

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
        var parts = option.ToLowerInvariant().Split('=');
        if (parts.Length == 2) return WithValue(architecture, parts[0].Trim(), parts[1].Trim()) ?? throw UnknownOption(option, name);
        return parts[0] switch
        {
            "a" => architecture with { Shortcut = ShortcutOption.A },
            "b" => architecture with { Shortcut = ShortcutOption.B },
            "c" => architecture with { Shortcut = ShortcutOption.C },
            "v1" => architecture with { Stride = BottleneckStride.First1x1 },
            "v1.5" => architecture with { Stride = BottleneckStride.Middle3x3 },
            BottleneckOption when architecture is { Stem: StemKind.Cifar, Block: BlockKind.Basic } =>
                architecture with { Block = BlockKind.Bottleneck },
            _ => throw UnknownOption(option, name),
        };
    }

    private static ResNetArchitecture? WithValue(ResNetArchitecture architecture, string option, string value)
    {
        int[] numbers = [.. value.Split('.').Select(part => int.TryParse(part, CultureInfo.InvariantCulture, out var number) ? number : 0)];
        return (option, numbers) switch
        {
            (StagesOption, _) => architecture with { StageBlocks = numbers },
            (WidthOption, [var width]) => architecture with { Width = width },
            (GroupsOption, [var groups]) => architecture with { Groups = groups },
            (WidthPerGroupOption, [var width]) => architecture with { WidthPerGroup = width },
            _ => null,
        };
    }

    private static FormatException UnknownOption(string option, string name) => new(
        $"'{option}' in '{name}' is not an option of an architecture. Options are A, B, C (shortcuts), v1, v1.5 (bottleneck stride), " +
        $"{WidthOption}=N, {StagesOption}=N.N.N.N, {GroupsOption}=N, {WidthPerGroupOption}=N and {BottleneckOption} (CIFAR networks).");
}
