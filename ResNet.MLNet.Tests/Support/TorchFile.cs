using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;

namespace ResNet.Tests;

/// <summary>
/// Writes checkpoints as torch.save does (zip, protocol 2). Dictionaries are arrays of pairs or a <see cref="StateDict"/>, arrays are
/// tuples, lists are lists; a <see cref="WeightTensor"/> is a tensor, a <see cref="PythonObject"/> whatever it names.
/// </summary>
internal sealed class TorchFile
{
    private readonly List<byte> _pickle = [];
    private readonly List<WeightTensor> _storages = [];

    public static void Save(string path, object? root)
    {
        using var stream = File.Create(path);
        Save(stream, root);
    }

    public static MemoryStream Save(object? root)
    {
        var stream = new MemoryStream();
        Save(stream, root);
        stream.Position = 0;
        return stream;
    }

    public static MemoryStream Zip(params (string Name, byte[] Content)[] entries)
    {
        var stream = new MemoryStream();
        Zip(stream, entries);
        stream.Position = 0;
        return stream;
    }

    private static void Save(Stream stream, object? root)
    {
        var file = new TorchFile();
        file.Write("\x80\x02");
        file.Value(root);
        file.Write(".");
        Zip(stream, [("data.pkl", file._pickle.ToArray()), .. file._storages.Index().Select(Entry)]);

        static (string, byte[]) Entry((int Index, WeightTensor Tensor) storage) =>
            ($"data/{storage.Index}", MemoryMarshal.AsBytes(storage.Tensor.Values.AsSpan()).ToArray());
    }

    private static void Zip(Stream stream, (string Name, byte[] Content)[] entries)
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (name, content) in entries)
        {
            using var entry = zip.CreateEntry($"archive/{name}", CompressionLevel.NoCompression).Open();
            entry.Write(content);
        }
    }

    private void Value(object? value)
    {
        switch (value)
        {
            case null:
                Write("N");
                break;
            case int number:
                Write("J");
                Write(number);
                break;
            case string text:
                Text(text);
                break;
            case WeightTensor tensor:
                Tensor(tensor);
                break;
            case StateDict weights:
                Write("ccollections\nOrderedDict\n)R(");
                foreach (var (name, tensor) in weights) Pair(name, tensor);
                Write("u");
                break;
            case (string, object?)[] entries:
                Write("}(");
                foreach (var (key, each) in entries) Pair(key, each);
                Write("u");
                break;
            case PythonObject made:
                Write($"c{made.Module}\n{made.Name}\n");
                Value(made.Arguments);
                Write(made.IsCalled ? "R" : "\x81");
                if (made.State is null) break;
                Value(made.State);
                Write("b");
                break;
            case object?[] tuple:
                Write("(");
                foreach (var each in tuple) Value(each);
                Write("t");
                break;
            case List<object?> list:
                Write("](");
                foreach (var each in list) Value(each);
                Write("e");
                break;
            default:
                throw new ArgumentException($"There is no way to write a {value.GetType()}.");
        }
    }

    private void Pair(string key, object? value)
    {
        Text(key);
        Value(value);
    }

    private void Tensor(WeightTensor tensor)
    {
        var key = _storages.FindIndex(each => ReferenceEquals(each.Values, tensor.Values));
        if (key < 0)
        {
            key = _storages.Count;
            _storages.Add(tensor);
        }

        Write("ctorch._utils\n_rebuild_tensor_v2\n((");
        Text("storage");
        Write("ctorch\nFloatStorage\n");
        Text($"{key}");
        Text("cpu");
        Value(tensor.Values.Length);
        Write("tQ");
        Value(0);
        Value(tensor.Shape.Select(size => (object?)size).ToArray());
        var strides = new object?[tensor.Shape.Count];
        for (var (at, step) = (strides.Length - 1, 1); at >= 0; step *= tensor.Shape[at--]) strides[at] = step;
        Value(strides);
        Write("\u0089ccollections\nOrderedDict\n)RtR");
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Write("X");
        Write(bytes.Length);
        _pickle.AddRange(bytes);
    }

    private void Write(int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        _pickle.AddRange(bytes);
    }

    private void Write(string latin) => _pickle.AddRange(Encoding.Latin1.GetBytes(latin));
}

/// <summary>An object of a class, made with arguments and then given a state; or what a function gives.</summary>
internal sealed record PythonObject(string Module, string Name, object?[] Arguments, object? State = null, bool IsCalled = false);
