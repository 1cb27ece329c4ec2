using System.Globalization;

namespace ResNet.Benchmarks;

/// <summary>--name value pairs.</summary>
internal sealed class Arguments(string[] arguments)
{
    public string Get(string name, string? standard = null)
    {
        var at = Array.IndexOf(arguments, "--" + name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : standard ?? throw new ArgumentException($"--{name} is missing.");
    }

    public int Number(string name, int standard) => int.Parse(Get(name, standard.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    public string[] Images(int most = int.MaxValue)
    {
        string[] paths = [.. Directory.EnumerateFiles(Get("images"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(most)];
        return paths.Length > 0 ? paths : throw new ArgumentException($"There is no .jpg in '{Get("images")}'.");
    }
}
