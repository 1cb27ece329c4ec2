using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>The columns that are made, with the annotations that ML.NET's evaluators and MapKeyToValue look for.</summary>
internal static class ScoreColumns
{
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
