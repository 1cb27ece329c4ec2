using System.Text;

namespace ResNet.MLNet;

/// <summary>
/// Reads records of separated fields as RFC 4180 has them: a field in quotes may hold separators, line ends and doubled quotes. Spaces
/// around a field do not belong to it, unless they are in the quotes: people type them behind commas.
/// </summary>
/// <param name="text">The text.</param>
/// <param name="name">What it is called in messages.</param>
/// <param name="separator">What stands between fields.</param>
internal sealed class DelimitedText(TextReader text, string name, char separator)
{
    private readonly StringBuilder _field = new();
    private int _line = 1;

    /// <summary>The records to the end. Empty lines are left out.</summary>
    /// <exception cref="InvalidDataException">The quotes are wrong; the message names the line.</exception>
    public IEnumerable<TextRecord> Records()
    {
        while (text.Peek() >= 0)
        {
            var line = _line;
            List<string> fields = [ReadField()];
            while (text.Peek() == separator)
            {
                text.Read();
                fields.Add(ReadField());
            }

            EndLine();
            if (fields is not [""]) yield return new(line, fields);
        }
    }

    private string ReadField()
    {
        _field.Clear();
        SkipSpaces();
        if (text.Peek() == '"')
        {
            ReadQuoted();
            return _field.ToString();
        }

        while (!AtEnd()) _field.Append((char)text.Read());
        return _field.ToString().TrimEnd();
    }

    private void SkipSpaces()
    {
        while (!AtEnd() && char.IsWhiteSpace((char)text.Peek())) text.Read();
    }

    private void ReadQuoted()
    {
        var start = _line;
        text.Read();
        while (true)
        {
            var next = text.Read();
            if (next < 0) throw new InvalidDataException($"'{name}', line {start}: the closing quote of a field is missing.");
            if (next == '"')
            {
                if (text.Peek() != '"') break;
                text.Read();
            }

            if (next == '\n') _line++;
            _field.Append((char)next);
        }

        SkipSpaces();
        if (AtEnd()) return;
        throw new InvalidDataException(
            $"'{name}', line {_line}: there is text behind the closing quote of a field. A quote inside a field in quotes is doubled.");
    }

    private bool AtEnd()
    {
        var next = text.Peek();
        return next < 0 || next == separator || next is '\r' or '\n';
    }

    private void EndLine()
    {
        if (text.Peek() == '\r') text.Read();
        if (text.Peek() == '\n') text.Read();
        _line++;
    }
}

/// <summary>A record of a text.</summary>
/// <param name="Line">The line that it begins in, from 1.</param>
/// <param name="Fields">Its fields, without quotes.</param>
internal sealed record TextRecord(int Line, IReadOnlyList<string> Fields);
