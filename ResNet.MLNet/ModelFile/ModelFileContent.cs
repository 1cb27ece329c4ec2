using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>
/// A model file that is held open: its header, and its bytes, which are checked against the digest that the file states of itself before
/// they are used. For a file that states none (an older one, or one from elsewhere) that is the digest that it had when it was opened.
/// </summary>
internal sealed class ModelFileContent : IDisposable
{
    private readonly HeldFile _file;
    private readonly long _length;

    private ModelFileContent(HeldFile file)
    {
        _file = file;
        Header = ModelFileHeader.Read(file.Stream);
        _length = file.Length;
        Digest = Header.Digest ?? file.DigestOf(_length);
    }

    public ModelFileHeader Header { get; }

    /// <summary>The digest that the content has to have.</summary>
    public string Digest { get; }

    /// <summary>Its size in bytes, when it was opened.</summary>
    public long Length => _length;

    /// <summary>The full path that it was opened by.</summary>
    public string Path => _file.Path;

    private long DigestedLength => Header.Digest is null ? _length : _length - ModelFileSeal.Length;

    /// <summary>The problem of a folder that is given as a model file; it names the model files in the folder.</summary>
    public static FileNotFoundException FolderInstead(string folder)
    {
        const int Shown = 5;
        var files = Directory.GetFiles(folder, "*.onnx").Order(StringComparer.Ordinal).ToList();
        var shown = string.Join(", ", files.Take(Shown).Select(file => $"'{file}'"));
        var more = files.Count > Shown ? $" and {files.Count - Shown} more" : "";
        var advice = files.Count switch
        {
            0 => "There is no model file (.onnx) in it. Name a model file.",
            1 => $"The model file in it is {shown}: name that.",
            _ => $"The model files in it are {shown}{more}: name one of them.",
        };
        return new($"'{folder}' is a folder, not a model file. {advice}", folder);
    }

    /// <summary>Opens a file and reads its header.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not an ONNX file, or damaged.</exception>
    public static ModelFileContent Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path)) throw FolderInstead(path);
        if (!File.Exists(path)) throw new FileNotFoundException($"There is no model file '{path}'.", path);
        var file = HeldFile.Open(path);
        try
        {
            return new(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Lets code load the file that opens files by name only, and checks that this is what it loaded.</summary>
    /// <param name="load">Loads the file of a name.</param>
    /// <exception cref="InvalidDataException">The content is not that which the file was written with and opened with.</exception>
    public T Load<T>(Func<string, T> load)
        where T : IDisposable
    {
        var before = _file.Stamp();
        Check();
        var isByHandle = _file.TryGetNameOfHandle(out var name);
        var loaded = load(name ?? Path);
        try
        {
            if (!isByHandle) CheckName();
            // Written meanwhile, or only touched: the digest tells.
            if (_file.Stamp() != before) Check();
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <summary>Checks that the content is that which the file was written with and opened with.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    public void Check()
    {
        if (_file.Length != _length || _file.DigestOf(DigestedLength) != Digest) throw Problem();
    }

    /// <summary>All bytes, checked.</summary>
    /// <exception cref="InvalidDataException">They are not those which the file was written with and opened with.</exception>
    public byte[] ReadBytes()
    {
        var bytes = _file.ReadAll();
        return bytes.LongLength == _length && MLNet.Digest.Of(bytes.AsSpan(0, (int)DigestedLength)) == Digest ? bytes : throw Problem();
    }

    /// <summary>The whole model, checked, with the weights that lie in other files.</summary>
    /// <exception cref="InvalidDataException">It is damaged, has changed, or weights are missing.</exception>
    public ModelProto ReadModel()
    {
        Check();
        _file.Stream.Position = 0;
        var model = Parse();
        if (Header.HasExternalData) ExternalData.Inline(model, System.IO.Path.GetDirectoryName(Path)!);
        return model;
    }

    public void Dispose() => _file.Dispose();

    private ModelProto Parse()
    {
        try
        {
            return ModelProto.Parser.ParseFrom(_file.Stream);
        }
        catch (InvalidProtocolBufferException problem)
        {
            throw new InvalidDataException($"The file is not an ONNX model, or damaged: {problem.Message}", problem);
        }
    }

    /// <summary>Checks that the name still means a file with this content.</summary>
    private void CheckName()
    {
        using var now = HeldFile.Open(Path);
        if (now.Length != _length || now.DigestOf(DigestedLength) != Digest) throw Changed();
    }

    private InvalidDataException Problem()
    {
        var isStatedStill = Header.Digest is { } stated && ModelFileSeal.IsLast(_file.Stream, stated);
        return isStatedStill ? ModelFileSeal.Damaged() : Changed();
    }

    private static InvalidDataException Changed() => new("The file has changed since it was opened. Open it again.");
}
