using System.Text;
using ResNet.Cli;

namespace ResNet.Tests;

/// <summary>A terminal that is closed does not end the work that writes to it.</summary>
[TestClass]
public sealed class TerminalWriterTests
{
    [TestMethod]
    public void What_is_written_to_a_closed_terminal_is_lost_without_an_error()
    {
        using var terminal = new ClosedTerminal();
        using var writer = new TerminalWriter(terminal);
        writer.WriteLine("text");
        writer.Write('x');
        writer.Write("text".ToCharArray(), 1, 2);
        writer.Flush();
        Assert.IsGreaterThan(3, terminal.Failures);
    }

    private sealed class ClosedTerminal : TextWriter
    {
        public int Failures { get; private set; }

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Fail();

        public override void Write(string? value) => Fail();

        public override void Write(char[] buffer, int index, int count) => Fail();

        public override void Flush() => Fail();

        private void Fail()
        {
            Failures++;
            throw new IOException("Input/output error");
        }
    }
}
