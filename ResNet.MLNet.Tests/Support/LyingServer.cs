using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ResNet.Tests;

/// <summary>How a server answers one request.</summary>
public enum Answer
{
    /// <summary>As it should, from where the client asks for.</summary>
    Whole,

    /// <summary>As it should, but always from the beginning.</summary>
    WholeWithoutRanges,

    /// <summary>Says the whole length and closes after half of what is left.</summary>
    CutOff,

    /// <summary>Other bytes of the same length.</summary>
    WrongBytes,

    /// <summary>Half of what is left, then silence until the client goes away.</summary>
    Stall,

    /// <summary>404.</summary>
    NotFound,

    /// <summary>500.</summary>
    Broken,

    /// <summary>302 to another path of the same server.</summary>
    Redirect,

    /// <summary>302 to a file of the client's.</summary>
    RedirectToFile,

    /// <summary>As it should, but a byte now and then, until the client goes away.</summary>
    Drip,

    /// <summary>Headers without an end, a byte now and then, until the client goes away.</summary>
    DripHeaders,
}

/// <summary>
/// An HTTP server on loopback that serves one file with the faults that a test asks for: one answer a request, the last one for all others.
/// </summary>
internal sealed class LyingServer : IDisposable
{
    private const string Range = "Range: bytes=";
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _content;
    private readonly Queue<Answer> _answers;
    private readonly List<string> _requests = [];
    private readonly Task _work;
    private volatile bool _ends;

    public LyingServer(byte[] content, params Answer[] answers)
    {
        _content = content;
        _answers = new(answers);
        _listener.Start();
        _work = Task.Run(Serve);
    }

    /// <summary>The address of the file.</summary>
    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/weights/net-file.pth");

    /// <summary>What was asked so far: the path and, if there was one, the range.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_requests) return [.. _requests];
        }
    }

    public void Dispose()
    {
        _ends = true;
        _listener.Stop();
        _work.Wait();
        _listener.Dispose();
    }

    private void Serve()
    {
        while (!_ends)
        {
            try
            {
                using var client = _listener.AcceptTcpClient();
                using var stream = client.GetStream();
                Respond(stream);
            }
            catch (Exception problem) when (problem is SocketException or IOException or ObjectDisposedException)
            {
                // The client went away in the middle, or the server ends.
            }
        }
    }

    private void Respond(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        var path = reader.ReadLine()?.Split(' ')[1] ?? throw new IOException("no request");
        long from = 0;
        for (var line = reader.ReadLine(); !string.IsNullOrEmpty(line); line = reader.ReadLine())
        {
            if (line.StartsWith(Range, StringComparison.OrdinalIgnoreCase))
                from = long.Parse(line[Range.Length..].TrimEnd('-'), CultureInfo.InvariantCulture);
        }

        Answer answer;
        lock (_requests)
        {
            _requests.Add(from > 0 ? $"{path} from {from}" : path);
            answer = _answers.Count > 1 ? _answers.Dequeue() : _answers.Peek();
        }

        switch (answer)
        {
            case Answer.NotFound:
                Head(stream, "404 Not Found", 0);
                return;
            case Answer.Broken:
                Head(stream, "500 Internal Server Error", 0);
                return;
            case Answer.Redirect:
                Head(stream, "302 Found", 0, "Location: /elsewhere/net-file.pth");
                return;
            case Answer.RedirectToFile:
                Head(stream, "302 Found", 0, "Location: file:///etc/hostname");
                return;
            case Answer.DripHeaders:
                stream.Write("HTTP/1.1 200 OK\r\nX: "u8);
                Drip(stream, Enumerable.Repeat((byte)'x', int.MaxValue));
                return;
            case Answer.WholeWithoutRanges:
                from = 0;
                break;
        }

        if (from >= _content.Length)
        {
            Head(stream, "416 Range Not Satisfiable", 0);
            return;
        }

        var rest = _content.AsSpan((int)from);
        if (from == 0) Head(stream, "200 OK", rest.Length);
        else Head(stream, "206 Partial Content", rest.Length, $"Content-Range: bytes {from}-{_content.Length - 1}/{_content.Length}");
        if (answer == Answer.WrongBytes)
        {
            stream.Write(new byte[rest.Length]);
            return;
        }

        if (answer == Answer.Drip)
        {
            Drip(stream, rest.ToArray());
            return;
        }

        stream.Write(answer is Answer.CutOff or Answer.Stall ? rest[..(rest.Length / 2)] : rest);
        stream.Flush();
        // Reading ends when the client hangs up.
        if (answer == Answer.Stall) stream.ReadByte();
    }

    private static void Drip(NetworkStream stream, IEnumerable<byte> bytes)
    {
        foreach (var each in bytes)
        {
            stream.WriteByte(each);
            // The client says nothing more, so there is something to read when it hangs up.
            if (stream.Socket.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectRead)) return;
        }
    }

    private static void Head(NetworkStream stream, string status, long length, params string[] more)
    {
        string[] lines = [$"HTTP/1.1 {status}", $"Content-Length: {length}", "Connection: close", .. more, "", ""];
        stream.Write(Encoding.ASCII.GetBytes(string.Join("\r\n", lines)));
    }
}
