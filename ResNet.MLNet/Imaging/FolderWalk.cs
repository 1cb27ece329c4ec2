namespace ResNet.MLNet;

/// <summary>The files below a folder, in ordinal order.</summary>
/// <param name="Images">Those that count as images.</param>
/// <param name="Others">Those that do not.</param>
internal sealed record FolderFiles(List<string> Images, List<string> Others);

/// <summary>
/// Lists the regular files below folders. Links are followed, but each real folder is read once: a link back into a folder would show its
/// images again and again, and one to another class or to the other part of a split would show them there too. Where a folder has several
/// names, the one without links counts. Hidden files and folders are left out.
/// </summary>
internal sealed class FolderWalk
{
    private static readonly EnumerationOptions Visible = new()
    {
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System,
        IgnoreInaccessible = false,
    };

    private readonly Dictionary<FileIdentity, string> _folders = [], _images = [];
    private readonly Queue<(FolderFiles Found, string Link)> _links = [];
    private readonly Tally _passedOver =
        new("folder is passed over, because it is read already", "folders are passed over, because they are read already");

    private readonly Tally _irregular =
        new("entry is not a regular file and is left out", "entries are not regular files and are left out");

    private readonly Tally _unreadable = new("folder may not be read and is left out", "folders may not be read and are left out");
    private readonly Tally _repeated = new("image is there under another name too", "images are there under other names too");

    /// <summary>Lists the files below folders.</summary>
    /// <param name="folders">The folders, of which none lies in another.</param>
    /// <param name="note">Receives up to four messages about what is left out or counts twice.</param>
    /// <returns>What is below each of the folders.</returns>
    public static FolderFiles[] Read(IReadOnlyList<string> folders, Action<string>? note)
    {
        var walk = new FolderWalk();
        var found = walk.Read(folders);
        Tally[] tallies = [walk._passedOver, walk._irregular, walk._unreadable, walk._repeated];
        foreach (var tally in tallies)
        {
            if (tally.Text is { } text) note?.Invoke(text);
        }

        return found;
    }

    private FolderFiles[] Read(IReadOnlyList<string> folders)
    {
        FolderFiles[] found = [.. folders.Select(_ => new FolderFiles([], []))];
        foreach (var folder in folders) AddParents(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        // What is there without links comes first.
        for (var i = 0; i < found.Length; i++) Enter(found[i], folders[i]);
        while (_links.TryDequeue(out var link)) ReadOnce(link.Found, link.Link);
        foreach (var (images, others) in found)
        {
            images.Sort(StringComparer.Ordinal);
            others.Sort(StringComparer.Ordinal);
        }

        return found;
    }

    /// <summary>A link to a folder around the files would list them again.</summary>
    private void AddParents(string folder)
    {
        for (var path = Path.GetDirectoryName(folder); path is not null; path = Path.Combine(path, ".."))
        {
            if (!_folders.TryAdd(FileStatus.Of(path).Identity, Path.GetFullPath(path))) return;
        }
    }

    private void Enter(FolderFiles found, string folder)
    {
        if (FileStatus.IsLink(folder)) _links.Enqueue((found, folder));
        else ReadOnce(found, folder);
    }

    private void ReadOnce(FolderFiles found, string folder)
    {
        if (_folders.TryAdd(FileStatus.Of(folder).Identity, folder)) ReadAll(found, folder);
        else _passedOver.Add(folder, $"'{_folders[FileStatus.Of(folder).Identity]}'");
    }

    private void ReadAll(FolderFiles found, string folder)
    {
        string[] entries;
        try
        {
            entries = Directory.GetFileSystemEntries(folder, "*", Visible);
        }
        catch (UnauthorizedAccessException)
        {
            _unreadable.Add(folder, "no permission");
            return;
        }

        Array.Sort(entries, StringComparer.Ordinal);
        foreach (var entry in entries)
        {
            if (ImageFiles.IsHidden(entry)) continue;
            var status = FileStatus.Of(entry);
            if (status.Kind == FileKind.Folder) Enter(found, entry);
            else if (status.Kind is FileKind.Regular or FileKind.Unknown) AddFile(found, entry, status.Identity);
            else _irregular.Add(entry, FileStatus.Name(status.Kind));
        }
    }

    private void AddFile(FolderFiles found, string file, FileIdentity identity)
    {
        if (!ImageFiles.IsImage(file))
        {
            found.Others.Add(file);
            return;
        }

        found.Images.Add(file);
        if (identity != default && !_images.TryAdd(identity, file)) _repeated.Add(file, $"'{_images[identity]}'");
    }

    /// <summary>Counts what a message is about and keeps the first as its example.</summary>
    private sealed class Tally(string one, string many)
    {
        private int _count;
        private string? _example;

        public string? Text => _count == 0 ? null : $"{Plural.Of(_count, one, many)}, such as {_example}.";

        public void Add(string path, string remark)
        {
            _count++;
            _example ??= $"'{path}' ({remark})";
        }
    }
}
