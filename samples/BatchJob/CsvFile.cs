namespace BatchJob;

/// <summary>
/// Writes a table as RFC 4180 says, in UTF-8, with \n behind each line: a field with a comma, a quote or a line break is quoted, and its
/// quotes are doubled.
/// </summary>
internal sealed class CsvFile : IDisposable
{
    private static readonly char[] Special = [',', '"', '\r', '\n'];

    private readonly FileStream _stream;
    private readonly StreamWriter _writer;

    public CsvFile(string path)
    {
        _stream = new(path, FileMode.CreateNew, FileAccess.Write);
        _writer = new(_stream) { NewLine = "\n" };
    }

    public void WriteLine(IEnumerable<string> fields) => _writer.WriteLine(string.Join(',', fields.Select(Quote)));

    /// <summary>Makes sure that all of it is on the disk before the file gets its name.</summary>
    public void Complete()
    {
        _writer.Flush();
        _stream.Flush(flushToDisk: true);
    }

    public void Dispose() => _writer.Dispose();

    private static string Quote(string field) =>
        field.IndexOfAny(Special) < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
