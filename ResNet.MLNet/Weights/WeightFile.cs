namespace ResNet.MLNet;

/// <summary>Weights in any of the files that people have them in.</summary>
public static class WeightFile
{
    /// <summary>Reads a PyTorch checkpoint (zip or legacy) or a safetensors file; which it is is seen from its content, not its name.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The tensors by the names that they have in the file. <see cref="WeightNames.ToTorchvision"/> unifies them.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is none of these, damaged or refused; the message names the file and says why.</exception>
    public static StateDict Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new FileNotFoundException(Directory.Exists(path) ? $"'{path}' is a folder, not a file of weights." : $"There is no file '{path}'.", path);
        return KindOf(path) switch
        {
            Kind.PyTorch => PyTorchCheckpoint.Read(path),
            Kind.SafeTensors => SafeTensors.Read(path).Weights,
            _ => throw new InvalidDataException($"'{path}' is no file of weights that is known: it is neither a PyTorch checkpoint (zip or legacy) nor safetensors."),
        };
    }

    /// <summary>What a file is, by its first bytes.</summary>
    internal static Kind KindOf(string path)
    {
        Span<byte> start = stackalloc byte[9];
        using (var file = File.OpenRead(path)) start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        return PyTorchCheckpoint.IsZip(start) || PyTorchCheckpoint.IsPickle(start) ? Kind.PyTorch
            : start is [.., (byte)'{'] && start.Length == 9 ? Kind.SafeTensors
            : Kind.Other;
    }

    internal enum Kind
    {
        Other,
        PyTorch,
        SafeTensors,
    }
}
