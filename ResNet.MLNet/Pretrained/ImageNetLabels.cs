using System.Reflection;

namespace ResNet.MLNet;

/// <summary>The names of ImageNet's 1,000 classes, in the order of the published networks' scores.</summary>
internal static class ImageNetLabels
{
    private static readonly Lazy<IReadOnlyList<string>> Read = new(() =>
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream("imagenet-classes.txt")!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    });

    public static IReadOnlyList<string> All => Read.Value;
}
