using System.Globalization;
using System.Text.Json;

namespace ResNet.MLNet;

/// <summary>
/// What timm and Hugging Face's transformers write beside weights: <c>config.json</c> and <c>preprocessor_config.json</c>, with the
/// preparation of images and the names of classes.
/// </summary>
/// <param name="Preprocessing">How images are prepared: what the files say, else the usual for the network.</param>
/// <param name="Labels">The names of the classes; null if the files do not say them.</param>
/// <remarks>
/// Sources: timm/data/config.py (resolve_data_config) and transforms_factory.py (transforms_imagenet_eval); transformers'
/// ConvNextImageProcessor, which its ResNets use.
/// </remarks>
internal sealed record WeightsConfig(ImagePreprocessing Preprocessing, IReadOnlyList<string>? Labels)
{
    private const string ConfigName = "config.json", PreprocessorName = "preprocessor_config.json";

    /// <summary>From this size on, transformers' processor squashes images to it.</summary>
    private const int FirstSquashed = 384;

    /// <summary>Reads the files in a folder, where they are there.</summary>
    /// <param name="folder">The folder of the weights.</param>
    /// <param name="network">The network that the weights are of.</param>
    /// <param name="notes">Receives what was read and what was not.</param>
    public static WeightsConfig Read(string folder, ResNetArchitecture network, List<string> notes)
    {
        var read = new WeightsConfig(ImagePreprocessing.For(network), Labels: null);
        read = With(folder, ConfigName, read, notes, (json, known, said) =>
        {
            known = known with { Labels = LabelsOf(json, network.Classes, said, notes) };
            if (TimmOf(json) is not { } timm) return known;
            said.Add("the preparation of images");
            return known with { Preprocessing = FromTimm(timm, notes) };
        });
        return With(folder, PreprocessorName, read, notes, (json, known, said) =>
        {
            said.Add("the preparation of images");
            return known with { Preprocessing = FromTransformers(json, notes) };
        });
    }

    private static WeightsConfig With(
        string folder,
        string name,
        WeightsConfig known,
        List<string> notes,
        Func<JsonElement, WeightsConfig, List<string>, WeightsConfig> take)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path)) return known;
        var (before, said) = (notes.Count, new List<string>());
        try
        {
            using var json = JsonDocument.Parse(RegularFile.ReadAllText(path));
            if (json.RootElement.ValueKind != JsonValueKind.Object) return known;
            known = take(json.RootElement, known, said);
            if (said.Count > 0) notes.Insert(before, $"Read from '{name}' beside the weights: {string.Join(" and ", said)}.");
        }
        catch (Exception problem) when (
            problem is JsonException or InvalidOperationException or FormatException or ArgumentException or IOException)
        {
            notes.Add($"'{name}' beside the weights cannot be read and is not used: {problem.Message}");
        }

        return known;
    }

    /// <summary>timm's description of the weights; its older files have it at the top.</summary>
    private static JsonElement? TimmOf(JsonElement json)
    {
        if (Entry(json, "pretrained_cfg", JsonValueKind.Object) is { } inner) return inner;
        return Entry(json, "input_size", JsonValueKind.Array) is null ? null : json;
    }

    private static ImagePreprocessing FromTimm(JsonElement timm, List<string> notes)
    {
        // What is not said is timm's default.
        var crop = 224;
        if (Entry(timm, "input_size", JsonValueKind.Array) is { } size)
        {
            int[] sizes = [.. size.EnumerateArray().Select(each => each.GetInt32())];
            if (sizes is not [3, var height, var width] || height != width)
                throw new FormatException($"input_size is [{string.Join(", ", sizes)}], not that of a square of three channels.");
            crop = height;
        }

        var share = Number(timm, "crop_pct") ?? 0.875;
        var mode = Text(timm, "crop_mode") ?? "center";
        if (mode is not ("center" or "squash"))
            notes.Add($"crop_mode is '{mode}', which is not known here: images are resized by the shorter side and cropped in the center.");
        return new()
        {
            Crop = crop,
            Resize = (int)Math.Floor(crop / share),
            Squash = mode == "squash",
            Interpolation = Filter(Text(timm, "interpolation") ?? "bicubic", notes),
            Mean = Color(timm, "mean", ImagePreprocessing.ImageNet.Mean),
            Std = Color(timm, "std", ImagePreprocessing.ImageNet.Std),
        };
    }

    private static ImagePreprocessing FromTransformers(JsonElement json, List<string> notes)
    {
        var size = SizeOf(json, "size") ?? 224;
        var isConvNext = $"{Text(json, "image_processor_type")}{Text(json, "feature_extractor_type")}".Contains("ConvNext");
        var isSquashed = Entry(json, "size", JsonValueKind.Object) is { } given && Number(given, "shortest_edge") is null;
        // Processors of other networks say the crop themselves.
        var crop = !isConvNext && SizeOf(json, "crop_size") is { } square ? square : size;
        var resize = isConvNext && size < FirstSquashed ? (int)(size / (Number(json, "crop_pct") ?? 224.0 / 256)) : size;
        if (Number(json, "rescale_factor") is { } factor && Math.Abs(255 * factor - 1) > 1e-3)
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"rescale_factor is {factor}, not 1/255."));
        var isNormalized = Entry(json, "do_normalize", JsonValueKind.False) is null;
        return new()
        {
            Crop = crop,
            Resize = resize,
            Squash = isConvNext ? size >= FirstSquashed : isSquashed,
            Interpolation = Number(json, "resample") is { } filter ? Filter(Pillow((int)filter), notes) : Interpolation.Bilinear,
            Mean = isNormalized ? Color(json, "image_mean", ImagePreprocessing.ImageNet.Mean) : new(0, 0, 0),
            Std = isNormalized ? Color(json, "image_std", ImagePreprocessing.ImageNet.Std) : new(1, 1, 1),
        };
    }

    /// <summary>A size that is one number or an object with the shorter side or the height.</summary>
    private static int? SizeOf(JsonElement json, string name)
    {
        var number = Number(json, name);
        if (Entry(json, name, JsonValueKind.Object) is { } size) number = Number(size, "shortest_edge") ?? Number(size, "height");
        return (int?)number;
    }

    private static string Pillow(int resample) => resample switch
    {
        0 => "nearest",
        1 => "lanczos",
        2 => "bilinear",
        3 => "bicubic",
        4 => "box",
        _ => $"resample {resample}",
    };

    private static Interpolation Filter(string name, List<string> notes)
    {
        if (Enum.TryParse<Interpolation>(name, ignoreCase: true, out var filter) && !char.IsAsciiDigit(name[0])) return filter;
        notes.Add($"The interpolation '{name}' is not known here: images are resized with bicubic interpolation.");
        return Interpolation.Bicubic;
    }

    /// <summary>timm's label_names or labels, Hugging Face's id2label; null if there are none, or not as many as classes.</summary>
    private static List<string>? LabelsOf(JsonElement json, int classes, List<string> said, List<string> notes)
    {
        var list = Entry(json, "label_names", JsonValueKind.Array) ?? Entry(json, "labels", JsonValueKind.Array);
        var labels = list?.EnumerateArray().Select(each => $"{each}").ToList() ?? NamesByNumber(json);
        // LABEL_0, ... is what transformers writes where there are no names.
        if (labels is null || classes == 0 || labels.Index().All(label => label.Item == $"LABEL_{label.Index}")) return null;
        if (labels.Count == classes)
        {
            said.Add($"the names of {classes} classes");
            return labels;
        }

        notes.Add($"'{ConfigName}' beside the weights names {labels.Count} classes, the weights have {classes}: the names are not used.");
        return null;
    }

    private static List<string>? NamesByNumber(JsonElement json)
    {
        if (Entry(json, "id2label", JsonValueKind.Object) is not { } names) return null;
        var sorted = names.EnumerateObject()
            .Select(name => (Number: int.Parse(name.Name, CultureInfo.InvariantCulture), Label: $"{name.Value}"))
            .OrderBy(name => name.Number).ToList();
        return sorted.Index().All(name => name.Item.Number == name.Index) ? sorted.ConvertAll(name => name.Label) : null;
    }

    private static Rgb Color(JsonElement json, string name, Rgb standard)
    {
        if (Entry(json, name, JsonValueKind.Array) is not { } values) return standard;
        float[] numbers = [.. values.EnumerateArray().Select(value => value.GetSingle())];
        if (numbers is [var red, var green, var blue]) return new(red, green, blue);
        throw new FormatException($"{name} is not three numbers.");
    }

    private static double? Number(JsonElement json, string name) => Entry(json, name, JsonValueKind.Number)?.GetDouble();

    private static string? Text(JsonElement json, string name) => Entry(json, name, JsonValueKind.String)?.GetString();

    private static JsonElement? Entry(JsonElement json, string name, JsonValueKind kind) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == kind ? value : null;
}
