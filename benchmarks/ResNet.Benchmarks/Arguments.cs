using System.Globalization;

namespace ResNet.Benchmarks;

/// <summary>The options of the benchmarks: pairs of --name and value.</summary>
internal sealed class Arguments(string[] arguments)
{
    public string Get(string name, string? standard = null)
    {
        var at = Array.IndexOf(arguments, "--" + name);
        if (at >= 0 && at + 1 < arguments.Length) return arguments[at + 1];
        return standard ?? throw new ArgumentException($"--{name} is missing.");
    }

    public int Number(string name, int standard)
    {
        var culture = CultureInfo.InvariantCulture;
        return int.Parse(Get(name, standard.ToString(culture)), culture);
    }

    public string[] Images(int most = int.MaxValue)
    {
        var files = Directory.EnumerateFiles(Get("images"), "*.jpg", SearchOption.AllDirectories);
        string[] paths = [.. files.Order(StringComparer.Ordinal).Take(most)];
        return paths.Length > 0 ? paths : throw new ArgumentException($"There is no .jpg in '{Get("images")}'.");
    }
}
