using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>The columns that are made, with the annotations that ML.NET's evaluators and MapKeyToValue look for.</summary>
internal static class ScoreColumns
{
    /// <summary>Checks that the options ask for what the model has.</summary>
    /// <exception cref="ArgumentException">They do not; the message names the column or the output.</exception>
    public static void Check(ScoringOptions options, OpenedModel model)
    {
        model.Width(options.Output);
        if (options.PredictedLabelColumnName is not { } predicted) return;
        if (options.Output == ResNetOutput.Features)
        {
            throw new ArgumentException(
                $"The column '{predicted}' of predicted labels needs Output to be Probabilities or Logits, not Features.");
        }

        if (predicted == options.OutputColumnName)
            throw new ArgumentException($"The scores and the predicted labels cannot both be in the column '{predicted}'.");
    }

    /// <summary>The columns that are made.</summary>
    public static DataViewSchema Create(ScoringOptions options, OpenedModel model) =>
        Create(options, model.Width(options.Output), model.Card.Labels, model.Card.Thresholds is not null);

    /// <summary>The columns that are made with any network of some classes.</summary>
    /// <param name="options">The output and the columns' names.</param>
    /// <param name="width">The number of features or classes.</param>
    /// <param name="names">The classes' names in the order of the scores; null where they are not known.</param>
    /// <param name="isMultiLabel">Whether the network gives an image several labels.</param>
    public static DataViewSchema Create(ScoringOptions options, int width, IReadOnlyList<string>? names, bool isMultiLabel)
    {
        var builder = new DataViewSchema.Builder();
        AddTo(builder, options, width, names, isMultiLabel);
        return builder.ToSchema();
    }

    /// <summary>Adds the columns to those of the data.</summary>
    public static void AddTo(DataViewSchema.Builder builder, ScoringOptions options, OpenedModel model) =>
        AddTo(builder, options, model.Width(options.Output), model.Card.Labels, model.Card.Thresholds is not null);

    private static void AddTo(
        DataViewSchema.Builder builder, ScoringOptions options, int width, IReadOnlyList<string>? names, bool isMultiLabel)
    {
        var labels = names is { } known && known.Count == width ? known : null;
        var annotations = new DataViewSchema.Annotations.Builder();
        if (options.Output != ResNetOutput.Features)
        {
            if (labels is not null) AddNames(annotations, labels);
            // ML.NET has no evaluator for several labels, and that for one class is not to take them for its own.
            if (!isMultiLabel) AddScoreKind(annotations, "Score");
        }

        builder.AddColumn(options.OutputColumnName, new VectorDataViewType(NumberDataViewType.Single, width), annotations.ToAnnotations());
        if (options.PredictedLabelColumnName is not { } predicted) return;
        if (isMultiLabel)
        {
            builder.AddColumn(predicted, new VectorDataViewType(TextDataViewType.Instance));
            return;
        }

        annotations = new();
        var kind = labels is null ? DataKind.String : options.LabelKind ?? DataKind.String;
        LabelValues.AddTo(annotations, labels ?? [.. Enumerable.Range(0, width).Select(index => $"{index}")], kind);
        AddScoreKind(annotations, "PredictedLabel");
        builder.AddColumn(predicted, new KeyDataViewType(typeof(uint), width), annotations.ToAnnotations());
    }

    private static void AddNames(DataViewSchema.Annotations.Builder annotations, IReadOnlyList<string> names)
    {
        var values = new VBuffer<ReadOnlyMemory<char>>(names.Count, [.. names.Select(name => name.AsMemory())]);
        var type = new VectorDataViewType(TextDataViewType.Instance, names.Count);
        annotations.Add("SlotNames", type, (ref VBuffer<ReadOnlyMemory<char>> to) => values.CopyTo(ref to));
    }

    private static void AddScoreKind(DataViewSchema.Annotations.Builder annotations, string valueKind)
    {
        // The columns of one scorer share an id; evaluators that are given no columns look for the highest one.
        annotations.Add("ScoreColumnSetId", new KeyDataViewType(typeof(uint), int.MaxValue), (ref uint id) => id = 1);
        AddText(annotations, "ScoreColumnKind", "MulticlassClassification");
        AddText(annotations, "ScoreValueKind", valueKind);
    }

    private static void AddText(DataViewSchema.Annotations.Builder annotations, string kind, string text) =>
        annotations.Add(kind, TextDataViewType.Instance, (ref ReadOnlyMemory<char> value) => value = text.AsMemory());
}
