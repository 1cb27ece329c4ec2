using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ResNet.MLNet;

/// <summary>An evaluation as text for programs: JSON with all figures, or a CSV table with a line an image.</summary>
internal static class EvaluationFile
{
    private static readonly JsonWriterOptions Format = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Json(ModelEvaluation evaluation)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Format))
        {
            json.WriteStartObject();
            WriteFigures(json, evaluation);
            WriteClasses(json, evaluation);
            json.WriteStartArray("images");
            foreach (var image in evaluation.Images) Write(json, evaluation.Labels, image);
            json.WriteEndArray();
            WriteTexts(json, "notes", evaluation.Notes);
            WriteTexts(json, "problems", evaluation.Problems);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    public static string Csv(ModelEvaluation evaluation)
    {
        StringBuilder table = new("path,label,predicted,probability,label_probability,rank\n");
        foreach (var image in evaluation.Images)
        {
            table.AppendJoin(
                ',',
                CsvField.Of(image.Name),
                CsvField.Of(evaluation.Labels[image.Label]),
                CsvField.Of(evaluation.Labels[image.Predicted]),
                Text(image.Probability),
                Text(image.LabelProbability),
                image.Rank.ToString(CultureInfo.InvariantCulture)).Append('\n');
        }

        return table.ToString();
    }

    private static void WriteFigures(Utf8JsonWriter json, ModelEvaluation evaluation)
    {
        var metrics = evaluation.Metrics;
        json.WriteNumber("count", metrics.Count);
        json.WriteNumber("top1", metrics.Top1);
        json.WriteStartArray("top1Interval");
        json.WriteNumberValue(metrics.Top1Interval.Lower);
        json.WriteNumberValue(metrics.Top1Interval.Upper);
        json.WriteEndArray();
        if (metrics.Top5 is { } top5) json.WriteNumber("top5", top5);
        json.WriteNumber("balancedAccuracy", evaluation.BalancedAccuracy);
        json.WriteNumber("macroF1", evaluation.MacroF1);
        json.WriteNumber("logLoss", metrics.Loss);
        json.WriteNumber("calibrationError", evaluation.ExpectedCalibrationError);
        json.WriteNumber("majorityShare", metrics.MajorityShare);
    }

    private static void WriteClasses(Utf8JsonWriter json, ModelEvaluation evaluation)
    {
        json.WriteStartArray("classes");
        foreach (var each in evaluation.Metrics.PerClass())
        {
            json.WriteStartObject();
            json.WriteString("label", evaluation.Labels[each.Class]);
            json.WriteNumber("images", each.Support);
            json.WriteNumber("predicted", each.Predicted);
            json.WriteNumber("correct", each.Correct);
            Write(json, "precision", each.Precision);
            Write(json, "recall", each.Recall);
            Write(json, "f1", each.F1);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("confusion");
        var confusion = evaluation.Metrics.Confusion;
        for (var actual = 0; actual < confusion.GetLength(0); actual++)
        {
            json.WriteStartArray();
            for (var predicted = 0; predicted < confusion.GetLength(1); predicted++) json.WriteNumberValue(confusion[actual, predicted]);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, IReadOnlyList<string> labels, EvaluatedImage image)
    {
        json.WriteStartObject();
        json.WriteString("path", image.Name);
        json.WriteString("label", labels[image.Label]);
        json.WriteString("predicted", labels[image.Predicted]);
        json.WriteNumber("probability", image.Probability);
        json.WriteNumber("labelProbability", image.LabelProbability);
        json.WriteNumber("rank", image.Rank);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? figure)
    {
        if (figure is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static string Text(float number) => number.ToString(CultureInfo.InvariantCulture);
}
