using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace ResNet.MLNet;

/// <summary>Which column is read and which are made, with the annotations that ML.NET's evaluators and MapKeyToValue look for.</summary>
internal static class ResNetColumns
{
    private static readonly string[] UsualInputs = ["ImagePath", "Image", "ImageBytes"];

    /// <summary>Checks that the options ask for what the model has.</summary>
    public static void Check(ResNetOptions options, ResNetModel model)
    {
        model.Width(options.Output);
        if (options.PredictedLabelColumnName is null) return;
        if (options.Output == ResNetOutput.Features)
            throw new ArgumentException($"The column '{options.PredictedLabelColumnName}' of predicted labels needs Output to be Probabilities or Logits, not Features.");
        if (options.PredictedLabelColumnName == options.OutputColumnName)
            throw new ArgumentException($"The scores and the predicted labels cannot both be in the column '{options.OutputColumnName}'.");
    }

    /// <summary>The column of images in data.</summary>
    public static DataViewSchema.Column FindInput(ResNetOptions options, DataViewSchema schema) => FindInput(options.InputColumnName, options.OutputColumnName, schema);

    /// <summary>The same before there is data.</summary>
    public static void FindInput(ResNetOptions options, SchemaShape schema) => FindInput(options.InputColumnName, options.OutputColumnName, schema);

    /// <summary>The column of images in data.</summary>
    /// <param name="name">What the user called it; null for the one with a usual name.</param>
    /// <param name="otherwise">Its name if not exactly one has a usual name; null for an exception then.</param>
    /// <param name="schema">The columns.</param>
    public static DataViewSchema.Column FindInput(string? name, string? otherwise, DataViewSchema schema)
    {
        var found = schema[InputName(name, otherwise, [.. schema.Where(column => !column.IsHidden).Select(column => column.Name)])];
        if (!IsImage(found.Type, isVector: found.Type is VectorDataViewType, (found.Type as VectorDataViewType)?.ItemType ?? found.Type))
            throw WrongType(found.Name, found.Type.ToString()!);
        return found;
    }

    /// <summary>The same before there is data.</summary>
    public static void FindInput(string? name, string? otherwise, SchemaShape schema)
    {
        var found = InputName(name, otherwise, [.. schema.Select(column => column.Name)]);
        var input = schema.First(column => column.Name == found);
        var isVector = input.Kind != SchemaShape.Column.VectorKind.Scalar;
        if (!IsImage(input.ItemType, isVector, input.ItemType)) throw WrongType(found, $"{(isVector ? "vector of " : "")}{input.ItemType}");
    }

    /// <summary>The columns that are made.</summary>
    public static DataViewSchema Create(ResNetOptions options, ResNetModel model) => Create(options, model.Width(options.Output), model.Labels);

    /// <summary>The columns that are made with a network of some classes.</summary>
    public static DataViewSchema Create(ResNetOptions options, int width, IReadOnlyList<string>? names)
    {
        var builder = new DataViewSchema.Builder();
        AddTo(builder, options, width, names);
        return builder.ToSchema();
    }

    public static void AddTo(DataViewSchema.Builder builder, ResNetOptions options, ResNetModel model) => AddTo(builder, options, model.Width(options.Output), model.Labels);

    private static void AddTo(DataViewSchema.Builder builder, ResNetOptions options, int width, IReadOnlyList<string>? names)
    {
        var labels = names is { } known && known.Count == width ? known : null;
        var annotations = new DataViewSchema.Annotations.Builder();
        if (options.Output != ResNetOutput.Features)
        {
            if (labels is not null) AddNames(annotations, "SlotNames", labels);
            AddScoreKind(annotations, "Score");
        }

        builder.AddColumn(options.OutputColumnName, new VectorDataViewType(NumberDataViewType.Single, width), annotations.ToAnnotations());
        if (options.PredictedLabelColumnName is not { } predicted) return;
        annotations = new();
        AddNames(annotations, "KeyValues", labels ?? [.. Enumerable.Range(0, width).Select(index => $"{index}")]);
        AddScoreKind(annotations, "PredictedLabel");
        builder.AddColumn(predicted, new KeyDataViewType(typeof(uint), width), annotations.ToAnnotations());
    }

    private static string InputName(string? name, string? otherwise, IReadOnlyList<string> columns)
    {
        var usual = UsualInputs.Where(columns.Contains).ToList();
        name ??= usual.Count == 1 ? usual[0] : otherwise;
        if (name is not null && columns.Contains(name)) return name;
        var problem = (name, usual.Count) switch
        {
            (null, 0) => $"There is no column {string.Join(", ", UsualInputs[..^1])} or {UsualInputs[^1]}",
            (null, _) => $"There are several columns ({string.Join(", ", usual)})",
            _ => $"There is no column '{name}'",
        };
        throw new ArgumentException(
            $"{problem} with images (a path, an encoded image or an MLImage). Columns are: {string.Join(", ", columns)}. Say inputColumnName.");
    }

    private static bool IsImage(DataViewType type, bool isVector, DataViewType item) =>
        isVector ? item == NumberDataViewType.Byte : type is TextDataViewType or ImageDataViewType;

    private static ArgumentException WrongType(string name, string type) => new(
        $"The column '{name}' is {type}, but images are text (a path), a vector of bytes (an encoded image) or an MLImage.");

    private static void AddNames(DataViewSchema.Annotations.Builder annotations, string kind, IReadOnlyList<string> names)
    {
        var values = new VBuffer<ReadOnlyMemory<char>>(names.Count, [.. names.Select(name => name.AsMemory())]);
        annotations.Add(kind, new VectorDataViewType(TextDataViewType.Instance, names.Count), (ref VBuffer<ReadOnlyMemory<char>> to) => values.CopyTo(ref to));
    }

    private static void AddScoreKind(DataViewSchema.Annotations.Builder annotations, string valueKind)
    {
        // The columns of one scorer share an id; evaluators ask for the highest one when they are not told columns.
        annotations.Add("ScoreColumnSetId", new KeyDataViewType(typeof(uint), int.MaxValue), (ref uint id) => id = 1);
        annotations.Add("ScoreColumnKind", TextDataViewType.Instance, (ref ReadOnlyMemory<char> kind) => kind = "MulticlassClassification".AsMemory());
        annotations.Add("ScoreValueKind", TextDataViewType.Instance, (ref ReadOnlyMemory<char> kind) => kind = valueKind.AsMemory());
    }
}
