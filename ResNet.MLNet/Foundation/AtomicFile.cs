using System.Text.RegularExpressions;

namespace ResNet.MLNet;

/// <summary>Writes files that are either whole or not there: beside the target first, then renamed over it.</summary>
internal static partial class AtomicFile
{
    /// <summary>Writes a file. The folder is created if need be; whatever was at the path stays until the new file is complete.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="write">Writes the content.</param>
    public static void Write(string path, Action<Stream> write)
    {
        var target = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var beside = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(beside, target, overwrite: true);
        }
        finally
        {
            // After the rename there is nothing to delete; after a failure nothing half-written stays.
            File.Delete(beside);
        }
    }

    /// <summary>
    /// Deletes what processes that were killed while they wrote a file left beside it. Only one that knows that no other writes the file
    /// may call it.
    /// </summary>
    /// <param name="path">The file that was to be written.</param>
    public static void DeleteHalfWritten(string path)
    {
        var target = Path.GetFullPath(path);
        var name = Path.GetFileName(target);
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(target)!))
        {
            var found = Path.GetFileName(file);
            if (found.StartsWith(name, StringComparison.Ordinal) && HalfWritten().IsMatch(found.AsSpan(name.Length))) File.Delete(file);
        }
    }

    /// <summary>What <see cref="Write"/> puts behind the name of a file that is not complete.</summary>
    [GeneratedRegex(@"^\.[0-9a-f]{32}\.tmp$")]
    private static partial Regex HalfWritten();
}
