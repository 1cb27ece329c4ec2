using System.Numerics.Tensors;
using Microsoft.AspNetCore.StaticFiles;
using ResNet.MLNet;
using ResNet.MLNet.AspNetCore;

namespace WebApi;

/// <summary>A picture that looks like another one.</summary>
/// <param name="Url">Where the page finds it.</param>
/// <param name="Similarity">The cosine of the two pictures' features, -1 to 1.</param>
internal sealed record SimilarPicture(string Url, float Similarity);

/// <summary>
/// The features of the pictures of a folder (configuration: Pictures), computed in the background whenever another model comes into use.
/// Features of different networks cannot be compared.
/// </summary>
internal sealed partial class PictureIndex : BackgroundService
{
    public const string Route = "/pictures";

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    private readonly ResNetService _service;
    private readonly ILogger _logger;
    private volatile Index _index = new(null, []);

    public PictureIndex(ResNetService service, IConfiguration configuration, IHostEnvironment environment, ILogger<PictureIndex> logger)
    {
        _service = service;
        _logger = logger;
        if (configuration["Pictures"] is { Length: > 0 } folder) Folder = Path.GetFullPath(folder, environment.ContentRootPath);
    }

    public static FileExtensionContentTypeProvider ImageTypes { get; } = new(new Dictionary<string, string>
    {
        [".jpg"] = "image/jpeg",
        [".jpeg"] = "image/jpeg",
        [".png"] = "image/png",
        [".webp"] = "image/webp",
    });

    /// <summary>The folder; null for none.</summary>
    public string? Folder { get; }

    /// <summary>The pictures most like one with these features; none as long as those of this model are being computed.</summary>
    public IReadOnlyList<SimilarPicture> Nearest(float[] features, string? model, int count)
    {
        var index = _index;
        if (index.Model != model) return [];
        return
        [
            .. index.Pictures
                .Select(picture => new SimilarPicture(picture.Url, TensorPrimitives.CosineSimilarity(picture.Features, features)))
                .OrderByDescending(picture => picture.Similarity)
                .Take(count),
        ];
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (Folder is null) return;
        using var timer = new PeriodicTimer(LookInterval);
        do
        {
            if (!_service.IsReady) continue;
            var model = await _service.RunAsync(model => model.Digest, stoppingToken);
            if (model != _index.Model) _index = await ComputeAsync(model, Folder, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<Index> ComputeAsync(string? model, string folder, CancellationToken cancellationToken)
    {
        var pictures = new List<IndexedPicture>();
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => ImageTypes.TryGetContentType(file, out _))
            .Order(StringComparer.Ordinal);
        foreach (var file in files)
        {
            try
            {
                // One at a time, in turn with the requests.
                var (features, digest) = await _service.RunAsync(
                    each => (each.Run(file, ResNetOutput.Features), each.Digest), cancellationToken);
                // Another model came into use: what there is so far is the old one's, and the next look begins again.
                if (digest != model) return new(null, []);
                var path = Path.GetRelativePath(folder, file).Replace('\\', '/');
                pictures.Add(new($"{Route}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}", features));
            }
            catch (InvalidImageException problem)
            {
                LogSkipped(problem.Message);
            }
        }

        LogDone(pictures.Count, folder);
        return new(model, pictures);
    }

    [LoggerMessage(1, LogLevel.Warning, "A picture is left out of the search for similar ones. {Problem}")]
    private partial void LogSkipped(string problem);

    [LoggerMessage(2, LogLevel.Information, "{Count} pictures of '{Folder}' can be found as similar ones.")]
    private partial void LogDone(int count, string folder);

    private sealed record IndexedPicture(string Url, float[] Features);

    private sealed record Index(string? Model, IReadOnlyList<IndexedPicture> Pictures);
}
