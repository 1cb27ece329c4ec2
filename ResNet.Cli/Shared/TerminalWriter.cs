using System.Text;

namespace ResNet.Cli;

/// <summary>
/// Writes to a terminal that may be closed at any moment. What is shown there is lost then, and the work, such as the checkpoint of a run
/// that stops, is not.
/// </summary>
internal sealed class TerminalWriter(TextWriter terminal) : TextWriter
{
    public override Encoding Encoding => terminal.Encoding;

    /// <summary>
    /// Guards the standard output and error as far as they are terminals. A file or a pipe that fails is still an error. Messages are plain
    /// text, whatever they quote.
    /// </summary>
    public static void Guard()
    {
        if (!Console.IsOutputRedirected) Console.SetOut(new TerminalWriter(Console.Out));
        if (!Console.IsErrorRedirected) Console.SetError(new TerminalWriter(Console.Error));
        Console.SetError(new PlainWriter(Console.Error));
    }

    public override void Write(char value) => Try(() => terminal.Write(value));

    public override void Write(string? value) => Try(() => terminal.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => terminal.Write(buffer, index, count));

    public override void Flush() => Try(terminal.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
            // There is nobody to tell.
        }
    }
}
