using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>Getters of the network's columns over whatever computes the current row's scores.</summary>
internal static class ScoreGetters
{
    /// <summary>Makes the getter of a column of the result.</summary>
    /// <param name="transformer">Whose columns.</param>
    /// <param name="column">One of them.</param>
    /// <param name="current">Gives the current row's scores, computing them if need be; NaN for an image that cannot be read.</param>
    public static ValueGetter<TValue> Create<TValue>(ResNetTransformer transformer, DataViewSchema.Column column, Func<float[]> current)
    {
        Delegate getter;
        if (column.Name == transformer.Options.OutputColumnName)
        {
            getter = new ValueGetter<VBuffer<float>>((ref VBuffer<float> value) =>
            {
                var editor = VBufferEditor.Create(ref value, transformer.Width);
                current().CopyTo(editor.Values);
                value = editor.Commit();
            });
        }
        else if (transformer.Model.Card.Thresholds is { } thresholds)
        {
            getter = new ValueGetter<VBuffer<ReadOnlyMemory<char>>>((ref VBuffer<ReadOnlyMemory<char>> value) =>
            {
                var found = Scores.Reaching(Probabilities(current(), transformer.Options.Output), thresholds);
                var editor = VBufferEditor.Create(ref value, found.Length);
                for (var i = 0; i < found.Length; i++) editor.Values[i] = transformer.Model.LabelOf(found[i]).AsMemory();
                value = editor.Commit();
            });
        }
        else
        {
            getter = new ValueGetter<uint>((ref uint value) => value = PredictedKey(current()));
        }

        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"The column '{column.Name}' is {column.Type}, not {typeof(TValue)}.");
    }

    /// <summary>What a network of several labels gives, as its thresholds are meant.</summary>
    private static float[] Probabilities(float[] scores, ResNetOutput output) => output == ResNetOutput.Logits
        ? [.. scores.Select(logit => 1 / (1 + MathF.Exp(-logit)))]
        : scores;

    /// <summary>Keys count from 1; 0 is a missing one.</summary>
    private static uint PredictedKey(ReadOnlySpan<float> scores) => float.IsNaN(scores[0]) ? 0 : (uint)Scores.ArgMax(scores) + 1;
}
