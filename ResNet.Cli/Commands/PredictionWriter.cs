using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>A class that a network sees in an image.</summary>
internal sealed record Prediction(string Label, int Index, float Probability);

/// <summary>Writes predictions to the standard output, image by image.</summary>
internal abstract class PredictionWriter : IDisposable
{
    public static PredictionWriter Create(string format, IAnsiConsole console) => format switch
    {
        "json" => new JsonWriter(),
        "csv" => new CsvWriter(),
        _ => new TableWriter(console),
    };

    public abstract void Write(string path, IReadOnlyList<Prediction> predictions);

    /// <summary>Writes what is left.</summary>
    public abstract void Dispose();

    /// <summary>An object a line: {"path", "predictions": [{"label", "index", "probability"}]}.</summary>
    private sealed class JsonWriter : PredictionWriter
    {
        private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

        public override void Write(string path, IReadOnlyList<Prediction> predictions) => Console.Out.WriteLine(JsonSerializer.Serialize(new { path, predictions }, Format));

        public override void Dispose() => Console.Out.Flush();
    }

    /// <summary>A line a class: path,label,index,probability.</summary>
    private sealed class CsvWriter : PredictionWriter
    {
        private static readonly char[] Special = [',', '"', '\n', '\r'];

        public CsvWriter() => Console.Out.WriteLine("path,label,index,probability");

        public override void Write(string path, IReadOnlyList<Prediction> predictions)
        {
            foreach (var (label, index, probability) in predictions)
                Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Quote(path)},{Quote(label)},{index},{probability}"));
        }

        public override void Dispose() => Console.Out.Flush();

        private static string Quote(string value) => value.IndexOfAny(Special) < 0 ? value : $"\"{value.Replace("\"", "\"\"")}\"";
    }

    private sealed class TableWriter(IAnsiConsole console) : PredictionWriter
    {
        private readonly Table _table = CommandLine.CreateTable("Image", "Class", "Probability");

        public override void Write(string path, IReadOnlyList<Prediction> predictions)
        {
            for (var i = 0; i < predictions.Count; i++)
                _table.AddRow(new Text(i == 0 ? path : ""), new Text(predictions[i].Label), new Text($"{100 * predictions[i].Probability,6:0.0} %"));
        }

        public override void Dispose()
        {
            if (_table.Rows.Count > 0) console.Write(_table);
        }
    }
}
