using System.Globalization;
using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// Weights that lie in other files beside an ONNX file, as torch.onnx writes them by default since PyTorch 2.9. They are brought into the
/// model, so that it is one file for whatever follows.
/// </summary>
internal static class ExternalData
{
    // Protocol buffers end at 2 GiB.
    private const long LargestModel = int.MaxValue - (1 << 24);

    /// <summary>Reads the weights that lie outside a model into it.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="folder">The folder of its file. The other files must lie in it or below it.</param>
    /// <exception cref="InvalidDataException">Such a file is missing, too short, or lies elsewhere; the message names it.</exception>
    public static void Inline(ModelProto model, string folder)
    {
        Dictionary<string, FileStream> files = new(StringComparer.Ordinal);
        try
        {
            var total = (long)model.CalculateSize();
            foreach (var tensor in TensorsOf(model.Graph).Where(IsExternal))
            {
                Dictionary<string, string> entries = new(StringComparer.Ordinal);
                foreach (var entry in tensor.ExternalData) entries[entry.Key] = entry.Value;
                if (!entries.TryGetValue("location", out var location))
                    throw new InvalidDataException($"Tensor '{tensor.Name}' lies in another file, which it does not name.");
                if (!files.TryGetValue(location, out var file)) files[location] = file = Open(location, folder);
                var offset = NumberOf(entries, "offset", tensor) ?? 0;
                var length = NumberOf(entries, "length", tensor) ?? file.Length - offset;
                if (offset > file.Length || length > file.Length - offset)
                    throw new InvalidDataException($"Tensor '{tensor.Name}' reaches beyond the end of '{location}', which may be cut off.");
                total += length;
                if (total > LargestModel) throw new InvalidDataException("The model and its weights are over the 2 GiB of one ONNX file.");
                tensor.RawData = Read(file, offset, (int)length);
                tensor.ExternalData.Clear();
                tensor.DataLocation = TensorProto.Types.DataLocation.Default;
            }
        }
        finally
        {
            foreach (var file in files.Values) file.Dispose();
        }
    }

    private static bool IsExternal(TensorProto tensor) => tensor.DataLocation == TensorProto.Types.DataLocation.External;

    private static IEnumerable<TensorProto> TensorsOf(GraphProto graph)
    {
        var attributes = graph.Node.SelectMany(node => node.Attribute).ToList();
        var inner = attributes.SelectMany(attribute => attribute.Graphs.Concat(attribute.G is { } one ? [one] : []));
        return graph.Initializer.Concat(attributes.Select(attribute => attribute.T).OfType<TensorProto>())
            .Concat(inner.SelectMany(TensorsOf));
    }

    private static FileStream Open(string location, string folder)
    {
        if (location.Contains('\0')) throw new InvalidDataException("The model's weights lie in a file whose name is damaged.");
        var root = Path.GetFullPath(folder);
        var path = Path.GetFullPath(Path.Combine(root, location));
        if (!path.StartsWith(Path.TrimEndingDirectorySeparator(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new InvalidDataException($"The model's weights lie in '{location}', outside of its folder, where they are not read.");
        if (!File.Exists(path))
        {
            throw new InvalidDataException(
                $"The model's weights lie in '{location}', which is not beside it. Copy both files into one folder, or save the model as " +
                "one file: in Python, onnx.save(onnx.load(path), path).");
        }

        return RegularFile.OpenRead(path);
    }

    private static long? NumberOf(Dictionary<string, string> entries, string key, TensorProto tensor)
    {
        if (!entries.TryGetValue(key, out var text)) return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        throw new InvalidDataException($"Tensor '{tensor.Name}' has the {key} '{text}', which is not a number.");
    }

    private static ByteString Read(FileStream file, long offset, int length)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        file.Position = offset;
        file.ReadExactly(bytes);
        return UnsafeByteOperations.UnsafeWrap(bytes);
    }
}
