using System.Net.Mime;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace ResNet.MLNet.AspNetCore;

/// <summary>Reads the image of a request into memory: its body, or the first file of a form (multipart/form-data).</summary>
internal static class ImageUpload
{
    /// <summary>What a form has beside the file: names, boundaries, small fields.</summary>
    private const int FormOverhead = 64 << 10;

    /// <exception cref="BadHttpRequestException">Too many bytes (413), or a form without a file (400).</exception>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, long maximumBytes, CancellationToken cancellationToken)
    {
        var limit = request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>();
        if (limit is { IsReadOnly: false }) limit.MaxRequestBodySize = maximumBytes + FormOverhead;
        // Other forms are read as bodies: curl calls whatever it sends application/x-www-form-urlencoded.
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || type.MediaType != MediaTypeNames.Multipart.FormData)
            return await ReadAsync(request.Body, request.ContentLength, maximumBytes, cancellationToken).ConfigureAwait(false);
        if (request.ContentLength > maximumBytes + FormOverhead) throw TooLong(maximumBytes);
        var file = await FindFileAsync(request.Body, type.Boundary, cancellationToken).ConfigureAwait(false);
        return await ReadAsync(file, null, maximumBytes, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<Stream> FindFileAsync(Stream form, StringSegment quotedBoundary, CancellationToken cancellationToken)
    {
        const string Advice = "Send the image as the body, or as a file in a form (multipart/form-data).";
        var boundary = HeaderUtilities.RemoveQuotes(quotedBoundary);
        if (boundary.Length == 0) throw new BadHttpRequestException($"The form has no parts. {Advice}");
        try
        {
            var reader = new MultipartReader(boundary.ToString(), form);
            while (await reader.ReadNextSectionAsync(cancellationToken).ConfigureAwait(false) is { } section)
            {
                if (section.GetContentDispositionHeader()?.IsFileDisposition() == true) return section.Body;
            }
        }
        catch (Exception problem) when (problem is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw new BadHttpRequestException("The form is cut off or malformed.", problem);
        }

        throw new BadHttpRequestException($"The form has no file. {Advice}");
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(
        Stream body, long? length, long maximumBytes, CancellationToken cancellationToken)
    {
        if (length > maximumBytes) throw TooLong(maximumBytes);
        var bytes = new MemoryStream((int)(length ?? 0));
        var buffer = new byte[Math.Min(maximumBytes, 16 << 10)];
        while (await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            if (bytes.Length + count > maximumBytes) throw TooLong(maximumBytes);
            bytes.Write(buffer, 0, count);
        }

        return bytes.GetBuffer().AsMemory(0, (int)bytes.Length);
    }

    private static BadHttpRequestException TooLong(long maximumBytes) =>
        new($"The image has more bytes than the {maximumBytes:N0} that are accepted.", StatusCodes.Status413PayloadTooLarge);
}
