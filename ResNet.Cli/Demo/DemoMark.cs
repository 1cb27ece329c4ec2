namespace ResNet.Cli;

/// <summary>
/// The mark of a folder that a demo made. A demo replaces what an earlier one left without asking, so it must know that all of it is a
/// demo's.
/// </summary>
internal static class DemoMark
{
    private const string Name = "made-by-resnet-demo.txt";

    /// <summary>Takes a folder for a demo. Made if need be.</summary>
    /// <exception cref="IOException">It has files that no demo made.</exception>
    public static void Claim(string folder)
    {
        var mark = Path.Combine(folder, Name);
        if (File.Exists(mark)) return;
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new IOException(
                $"'{folder}' has files that no demo made, and a demo would replace some. Choose another folder (--output).");
        }
        Directory.CreateDirectory(folder);
        File.WriteAllText(mark, "`resnet demo` made the files in this folder. Run again, it replaces them without asking.\n");
    }
}
