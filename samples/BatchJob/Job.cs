using Microsoft.ML;
using Microsoft.ML.Runtime;
using ResNet.MLNet;

namespace BatchJob;

/// <summary>Runs a network on the images of a shard and writes a CSV file.</summary>
internal sealed class Job
{
    private const int ProgressEvery = 1000;

    private readonly MLContext _context = new();
    private readonly ResNetEstimator _network;
    private readonly bool _features;

    public Job(string model, bool features)
    {
        _features = features;
        _context.Log += (_, entry) =>
        {
            // The pass names the first images that it could not read, and why.
            if (entry.Kind == ChannelMessageKind.Warning) Console.Error.WriteLine(entry.Message);
        };
        _network = _context.Transforms.ApplyResNet(new ResNetEstimator.Options
        {
            Model = model,
            Output = features ? ResNetOutput.Features : ResNetOutput.Probabilities,
            OutputColumnName = nameof(ScoredPicture.Scores),
            PredictedLabelColumnName = features ? null : nameof(ClassifiedPicture.Label),
            OnBadImage = BadImagePolicy.Mark,
        });
        if (!features && _network.Card.Thresholds is not null)
            throw new InvalidDataException($"'{model}' gives an image several labels, which this program does not write. Use --features.");
    }

    /// <summary>Does a shard whose file is not there.</summary>
    /// <returns>The exit code of the process.</returns>
    public int Run(Shard shard, string images, string folder, CancellationToken cancellation)
    {
        var file = Path.Combine(folder, shard.FileName);
        if (File.Exists(file))
        {
            Console.Error.WriteLine($"'{file}' is there already.");
            return ExitCode.Done;
        }

        Directory.CreateDirectory(folder);
        // Written beside and renamed, so that a file with the right name is complete.
        var beside = $"{file}.{Guid.NewGuid():N}.tmp";
        try
        {
            var (done, bad) = Write(beside, shard, shard.Select(Paths(images)), cancellation);
            Console.Error.WriteLine($"{shard.FileName}: {done} images, of which {bad} could not be read.");
            if (bad == done && done > 0)
            {
                Console.Error.WriteLine("No image could be read, so no file is written. Are the images where the list says?");
                return ExitCode.Failed;
            }

            File.Move(beside, file, overwrite: true);
            return ExitCode.Done;
        }
        finally
        {
            File.Delete(beside);
        }
    }

    /// <summary>A folder's images in ordinal order, or the lines of a list, of which one is read at a time.</summary>
    private static IEnumerable<string> Paths(string images) => Directory.Exists(images)
        ? ImageFiles.Below(images, Console.Error.WriteLine)
        : File.ReadLines(images).Where(line => line.Length > 0);

    private (int Done, int Bad) Write(string file, Shard shard, IEnumerable<string> paths, CancellationToken cancellation)
    {
        var rows = _context.Data.LoadFromEnumerable(paths.Select(path => new Picture { ImagePath = path }));
        using var model = _network.Fit(rows);
        var scored = model.Transform(rows);
        using var csv = new CsvFile(file);
        csv.WriteLine(_features
            ? ["path", .. Enumerable.Range(0, model.Model.FeatureCount!.Value).Select(index => $"f{index}")]
            : ["path", "label", "probability"]);
        var (done, bad) = (0, 0);
        foreach (var picture in _features ? Enumerate<ScoredPicture>(scored) : Enumerate<ClassifiedPicture>(WithLabels(scored)))
        {
            cancellation.ThrowIfCancellationRequested();
            // The vector of an image that cannot be read is NaN. Its line has the path and empty fields.
            var isBad = float.IsNaN(picture.Scores[0]);
            if (isBad) bad++;
            csv.WriteLine([picture.ImagePath, .. FieldsOf(picture).Select(field => isBad ? "" : field)]);
            if (++done % ProgressEvery == 0) Console.Error.WriteLine($"{shard.FileName}: {done:N0} images");
        }

        csv.Complete();
        return (done, bad);
    }

    // One row object, and a few images a processor, whatever the number of images.
    private IEnumerable<T> Enumerate<T>(IDataView data)
        where T : class, new() => _context.Data.CreateEnumerable<T>(data, reuseRowObject: true);

    private IDataView WithLabels(IDataView scored) =>
        _context.Transforms.Conversion.MapKeyToValue(nameof(ClassifiedPicture.Label)).Fit(scored).Transform(scored);

    private static IEnumerable<string> FieldsOf(ScoredPicture picture) => picture is ClassifiedPicture classified
        ? [classified.Label, $"{classified.Scores.Max()}"]
        : picture.Scores.Select(feature => $"{feature}");
}
