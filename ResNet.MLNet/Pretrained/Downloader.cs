using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ResNet.MLNet;

/// <summary>How far a download is.</summary>
/// <param name="FileName">The file.</param>
/// <param name="Received">Bytes that are here.</param>
/// <param name="Total">Bytes in all; null if the server does not say.</param>
public sealed record DownloadProgress(string FileName, long Received, long? Total)
{
    /// <summary>The file's SHA-256 in hexadecimal digits, once it is complete and was checked; null until then.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Whether all of <see cref="Sha256"/> was known before, and not only how it begins.</summary>
    public bool WasKnown { get; init; }

    /// <summary>
    /// Who is making the same file at the moment and is waited for, such as "process 4711 on host"; null if nobody is waited for. Received
    /// is then 0, whatever the other has.
    /// </summary>
    public string? WaitsFor { get; init; }

    /// <summary>
    /// What the user should know besides, in a sentence: which weights were chosen, what was not checked. Null for nothing. Received is
    /// then 0.
    /// </summary>
    public string? Note { get; init; }
}

/// <summary>
/// Fetches one file over HTTP and checks its hash: resumes what an earlier try left, tries again after a while where that may help, and
/// gives up on a server that sends nothing.
/// </summary>
internal sealed class Downloader
{
    private const int BufferSize = 1 << 17;
    private const int DigitsOfHash = 64;
    private const long LargestFile = 2L << 30;

    /// <summary>What has to come within <see cref="StallLimit"/>: one byte now and then would take years.</summary>
    private const int LeastBytes = 1 << 15;

    private static readonly HttpClient Client = CreateClient();

    /// <summary>How long a server may take for its headers, and then for each <see cref="LeastBytes"/> or the rest.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The pauses before the second, third, ... try.</summary>
    public IReadOnlyList<TimeSpan> Pauses { get; init; } = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10)];

    /// <summary>
    /// Fetches a file to a path. If that fails, what arrived stays beside the path (<c>.part</c>), and the next call resumes from it.
    /// </summary>
    /// <param name="address">Where it is.</param>
    /// <param name="hash">Its SHA-256 in hexadecimal digits, or how that begins; then only an encrypted connection is used.</param>
    /// <param name="path">Where it goes, once it is complete and its hash is right.</param>
    /// <param name="progress">Receives how far it is.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Its SHA-256.</returns>
    /// <exception cref="DownloadException">It cannot be fetched, or is not what it should be.</exception>
    public string Fetch(Uri address, string hash, string path, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        var part = path + ".part";
        var isWhole = hash.Length == DigitsOfHash;
        for (var attempt = 0; ; attempt++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                if (!isWhole) RequireProtection(address, hash);
                var (resumed, from) = Receive(address, part, Path.GetFileName(path), progress, cancellation);
                if (!isWhole) RequireProtection(from, hash);
                var found = HashOf(part);
                if (found.StartsWith(hash, StringComparison.OrdinalIgnoreCase))
                {
                    File.Move(part, path, overwrite: true);
                    var length = new FileInfo(path).Length;
                    progress?.Report(new(Path.GetFileName(path), length, length) { Sha256 = found, WasKnown = isWhole });
                    return found;
                }

                // Something else lies at that address, or the part before was already wrong: never go on with it.
                File.Delete(part);
                var expected = isWhole ? "is not" : "does not begin with";
                var problem = $"what {address} gives has the SHA-256 {found}, which {expected} {hash}";
                throw new DownloadException(problem, mayHelpToTryAgain: resumed);
            }
            catch (DownloadException problem) when (problem.MayHelpToTryAgain && attempt < Pauses.Count)
            {
                cancellation.WaitHandle.WaitOne(Pauses[attempt]);
            }
        }
    }

    /// <summary>The SHA-256 of a file in lower-case hexadecimal digits.</summary>
    public static string HashOf(string path)
    {
        using var file = RegularFile.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>
    /// Requires a connection that nobody on the way can change, where the beginning of a hash would not show it: a file with the same
    /// beginning can be made in minutes.
    /// </summary>
    private static void RequireProtection(Uri address, string hash)
    {
        if (address.Scheme == Uri.UriSchemeHttps || address.IsLoopback) return;
        throw new DownloadException(
            $"{address} is not encrypted, and of the file's SHA-256 only the beginning {hash} is known, which does not show a forgery; " +
            "use an https address",
            mayHelpToTryAgain: false);
    }

    /// <summary>Receives the rest of a file into its part.</summary>
    /// <returns>Whether there was a part to resume from, and the address after redirections.</returns>
    private (bool Resumed, Uri From) Receive(
        Uri address, string part, string name, IProgress<DownloadProgress>? progress, CancellationToken cancellation)
    {
        // Canceled by the caller, or by silence.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(StallLimit);
        try
        {
            return Receive(address, part, name, progress, stop);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new DownloadException(
                $"{address} sent next to nothing for {StallLimit.TotalSeconds:0.#} seconds", mayHelpToTryAgain: true);
        }
        catch (HttpRequestException problem)
        {
            // Where there is no such name or nobody listens, there is no connection, and waiting would only delay the message that says so.
            var noConnection = problem.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError;
            throw new DownloadException($"{address} cannot be reached: {problem.Message}", mayHelpToTryAgain: !noConnection, problem);
        }
        catch (UriFormatException problem)
        {
            var reason = $"{address} redirects to what is not an address of a server: {problem.Message}";
            throw new DownloadException(reason, mayHelpToTryAgain: false, problem);
        }
        catch (IOException problem) when (problem is HttpIOException || problem.InnerException is SocketException)
        {
            throw new DownloadException($"{address} broke off: {problem.Message}", mayHelpToTryAgain: true, problem);
        }
    }

    private (bool Resumed, Uri From) Receive(
        Uri address, string part, string name, IProgress<DownloadProgress>? progress, CancellationTokenSource stop)
    {
        var have = File.Exists(part) ? new FileInfo(part).Length : 0;
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (have > 0) request.Headers.Range = new(have, null);
        using var response = Client.Send(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
        // The part is as long as the file or longer: its hash will tell.
        var from = response.RequestMessage?.RequestUri ?? address;
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable) return (true, from);
        if (!response.IsSuccessStatusCode)
        {
            if (response.Headers.Location is { } other)
                throw new DownloadException($"{address} redirects to '{other}', which is not followed", mayHelpToTryAgain: false);
            var answer = $"{address} answers {(int)response.StatusCode} ({response.ReasonPhrase})";
            throw new DownloadException(answer, MayPass(response.StatusCode));
        }

        var resumed = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == have;
        var total = response.Content.Headers.ContentLength + (resumed ? have : 0);
        if (total > LargestFile)
            throw new DownloadException($"{address} wants to send {total:N0} bytes, more than any weights have", mayHelpToTryAgain: false);
        using var body = response.Content.ReadAsStream(stop.Token);
        using var to = new FileStream(part, resumed ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.None);
        var buffer = new byte[BufferSize];
        var since = 0;
        stop.CancelAfter(StallLimit);
        while (true)
        {
            // Read asynchronously: only so can a silent server be left.
            var count = body.ReadAsync(buffer, stop.Token).AsTask().GetAwaiter().GetResult();
            if (count == 0) break;
            since += count;
            if (since >= LeastBytes)
            {
                since = 0;
                stop.CancelAfter(StallLimit);
            }

            to.Write(buffer, 0, count);
            if (to.Length > LargestFile)
                throw new DownloadException($"{address} sends more than any weights have", mayHelpToTryAgain: false);
            progress?.Report(new(name, to.Length, total));
        }

        if (to.Length < total)
            throw new DownloadException($"{address} ended after {to.Length:N0} of {total:N0} bytes", mayHelpToTryAgain: true);
        return (resumed, from);
    }

    private static HttpClient CreateClient()
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(15),
            AutomaticDecompression = DecompressionMethods.None,
        };
        return new(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private static bool MayPass(HttpStatusCode status) =>
        (int)status >= 500 || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;
}

/// <summary>A file cannot be fetched.</summary>
internal sealed class DownloadException(string message, bool mayHelpToTryAgain, Exception? inner = null) : Exception(message, inner)
{
    public bool MayHelpToTryAgain { get; } = mayHelpToTryAgain;
}
