namespace ResNet.MLNet;

/// <summary>Files that are taken for weights by mistake, known by their first bytes.</summary>
internal static class OtherFiles
{
    /// <summary>Enough to know them by.</summary>
    public const int StartLength = 64;

    /// <summary>What a file is and what to do; null if it is nothing that is known here.</summary>
    public static string? Describe(ReadOnlySpan<byte> start)
    {
        if (start.IsEmpty) return "It is empty. Download or copy it again.";
        if (start.StartsWith("version https://git-lfs"u8))
        {
            return "It is a pointer of Git LFS, not the file itself. Fetch the file with `git lfs pull`, or download it from the page of " +
                "the repository.";
        }

        if (start.StartsWith(new byte[] { 0x1f, 0x8b })) return "It is compressed (gzip). Unpack it first.";
        if (start.StartsWith("\x89HDF"u8)) return "It is an HDF5 file, as Keras writes it. Only PyTorch's and safetensors are read.";
        if (start.StartsWith("\x93NUMPY"u8)) return $"It is an array of NumPy. {SaveTensors}";
        var text = start.TrimStart(" \t\r\n\xef\xbb\xbf"u8);
        if (StartsWithWord(text, "<!doctype"u8) || StartsWithWord(text, "<html"u8))
        {
            return "It is an HTML page, not the file itself: the download gave a page, such as one that asks to log in. Download it from " +
                "a direct link.";
        }

        return null;
    }

    /// <summary>What to do with arrays of NumPy.</summary>
    public static string SaveTensors =>
        "Save the weights as tensors: torch.save({name: torch.from_numpy(array) for name, array in arrays.items()}, 'weights.pth').";

    private static bool StartsWithWord(ReadOnlySpan<byte> text, ReadOnlySpan<byte> word) =>
        text.Length >= word.Length && System.Text.Ascii.EqualsIgnoreCase(text[..word.Length], word);
}
