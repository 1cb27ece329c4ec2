using System.Text.Json;

namespace ResNet.MLNet;

/// <summary>
/// Folders of weights as Hugging Face's hub keeps them: one file of a known name, or several (shards) with an index that says which tensor
/// is in which.
/// </summary>
internal static class WeightFolder
{
    private const string IndexEnding = ".index.json";
    private const string MapName = "weight_map";
    private const int MostShards = 1000;

    /// <summary>In the order in which Hugging Face's programs look for them.</summary>
    private static readonly string[] KnownFiles =
        ["model.safetensors", "model.safetensors" + IndexEnding, "pytorch_model.bin", "pytorch_model.bin" + IndexEnding];

    /// <summary>The file of weights or the index in a folder; null if there is none of a known name.</summary>
    public static string? FindIn(string folder) => KnownFiles.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>The file that a path stands for: its own, or that in the folder.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static string FileAt(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            return FindIn(path) ?? throw new FileNotFoundException(
                $"'{path}' is a folder, not a file of weights, and has none of {string.Join(", ", KnownFiles)}.", path);
        }

        return File.Exists(path) ? path : throw new FileNotFoundException($"There is no file '{path}'.", path);
    }

    /// <summary>Whether a file is an index of shards, by its name.</summary>
    public static bool IsIndex(string path) => path.EndsWith(IndexEnding, StringComparison.OrdinalIgnoreCase);

    /// <summary>Opens the shards of an index as one.</summary>
    /// <param name="index">The index.</param>
    /// <param name="open">Opens a shard.</param>
    /// <exception cref="InvalidDataException">The index or a shard is damaged or not there; the message names it.</exception>
    public static OpenedWeights OpenIndex(string index, Func<string, OpenedWeights> open)
    {
        var map = ReadMap(index);
        var folder = Path.GetDirectoryName(Path.GetFullPath(index))!;
        List<string> files = [index];
        List<OpenedWeights> shards = [];
        try
        {
            var joined = new TensorSet(() => "");
            foreach (var shard in map.GroupBy(each => each.File, StringComparer.Ordinal))
            {
                var path = Path.Combine(folder, shard.Key);
                if (!File.Exists(path)) throw new InvalidDataException($"It lists the file '{shard.Key}', which is not beside it.");
                files.Add(path);
                var opened = open(path);
                shards.Add(opened);
                Add(joined, opened, shard.Key, shard.Select(each => each.Tensor));
            }

            return new([joined], OpenedWeights.NoMetadata, WithoutNetwork: null, files, [.. shards]);
        }
        catch
        {
            shards.ForEach(shard => shard.Dispose());
            throw;
        }
    }

    private static void Add(TensorSet joined, OpenedWeights shard, string file, IEnumerable<string> names)
    {
        var tensors = shard.Sets.SelectMany(set => set.Tensors).ToLookup(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        foreach (var name in names)
        {
            // Counters are listed, but not among the weights.
            if (tensors[name].FirstOrDefault() is { } tensor) joined.Tensors.TryAdd(name, tensor);
            else if (!name.EndsWith("num_batches_tracked", StringComparison.Ordinal))
                throw new InvalidDataException($"It says that '{file}' has the tensor '{name}', which is not there.");
        }
    }

    private static List<(string Tensor, string File)> ReadMap(string index)
    {
        try
        {
            using var json = JsonDocument.Parse(RegularFile.ReadAllText(index));
            List<(string Tensor, string File)> map = [];
            foreach (var entry in json.RootElement.GetProperty(MapName).EnumerateObject())
            {
                var file = entry.Value.GetString() ?? "";
                if (file.Length == 0 || file != Path.GetFileName(file) || IsIndex(file))
                    throw new InvalidDataException($"It lists the file '{file}'. Files must lie beside the index.");
                map.Add((entry.Name, file));
            }

            if (map.DistinctBy(each => each.File).Count() <= MostShards) return map;
            throw new InvalidDataException($"It lists more than {MostShards} files.");
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InvalidDataException($"It is not an index of files of weights, which has a '{MapName}': {problem.Message}", problem);
        }
    }
}
