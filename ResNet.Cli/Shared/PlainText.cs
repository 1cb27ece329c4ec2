using System.Globalization;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ResNet.Cli;

/// <summary>
/// Text from elsewhere, such as labels, names of files and what a server says, as a terminal may show it: without the characters that
/// command the terminal (ESC and others) or turn the direction of what follows, so that it says what it seems to say.
/// </summary>
internal static class PlainText
{
    private const char Replacement = '\ufffd';

    /// <summary>The text with a replacement character in the place of each control character but tabs and line ends.</summary>
    public static string Of(string text)
    {
        if (!text.Any(IsControl)) return text;
        var plain = new StringBuilder(text);
        for (var i = 0; i < plain.Length; i++)
        {
            if (IsControl(plain[i])) plain[i] = Replacement;
        }

        return plain.ToString();
    }

    /// <summary>JSON with all control characters escaped; its meaning stays the same.</summary>
    public static string OfJson(string json)
    {
        if (!json.Any(IsControl)) return json;
        var plain = new StringBuilder();
        foreach (var letter in json)
        {
            if (IsControl(letter)) plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}");
            else plain.Append(letter);
        }

        return plain.ToString();
    }

    /// <summary>Lets everything that is written to a console, tables and bars included, be plain.</summary>
    public static void Guard(IAnsiConsole console) => console.Pipeline.Attach(new Hook());

    /// <summary>Whether a terminal does something else with a character than to show it.</summary>
    private static bool IsControl(char letter) => letter switch
    {
        '\n' or '\r' or '\t' => false,
        // Embeddings, overrides and isolates of directions; separators of lines and paragraphs.
        (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') or '\u2028' or '\u2029' => true,
        _ => char.IsControl(letter),
    };

    private sealed class Hook : IRenderHook
    {
        public IEnumerable<IRenderable> Process(RenderOptions options, IEnumerable<IRenderable> renderables) =>
            renderables.Select(each => new Plain(each));
    }

    private sealed class Plain(IRenderable shown) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => shown.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) => shown.Render(options, maxWidth).Select(Of);

        /// <summary>What the console itself says to the terminal stays.</summary>
        private static Segment Of(Segment segment) => segment.IsControlCode || !segment.Text.Any(IsControl)
            ? segment
            : new Segment(PlainText.Of(segment.Text), segment.Style, segment.Link);
    }
}

/// <summary>Writes text from elsewhere as <see cref="PlainText"/>.</summary>
internal sealed class PlainWriter(TextWriter writer) : TextWriter
{
    public override Encoding Encoding => writer.Encoding;

    public override void Write(char value) => writer.Write(PlainText.Of(value.ToString()));

    public override void Write(string? value) => writer.Write(value is null ? null : PlainText.Of(value));

    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

    public override void WriteLine(string? value)
    {
        // One call, so that lines of several threads do not mix.
        Write(value + Environment.NewLine);
    }

    public override void Flush() => writer.Flush();
}
