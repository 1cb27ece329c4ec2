using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace ResNet.Cli;

/// <summary>Writes predictions to the standard output, image by image.</summary>
internal abstract class PredictionWriter : IDisposable
{
    /// <summary>The formats, as they are named.</summary>
    public const string Table = "table", Json = "json", Csv = "csv";

    public static PredictionWriter Create(string format, IAnsiConsole console) => format switch
    {
        Json => new JsonWriter(),
        Csv => new CsvWriter(),
        _ => new TableWriter(console),
    };

    public abstract void Write(string path, IReadOnlyList<ClassPrediction> predictions);

    /// <summary>Writes what is left.</summary>
    public abstract void Dispose();

    /// <summary>An object a line: {"path", "predictions": [{"label", "index", "probability"}]}.</summary>
    private sealed class JsonWriter : PredictionWriter
    {
        private static readonly JsonSerializerOptions Format = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

        public override void Write(string path, IReadOnlyList<ClassPrediction> predictions)
        {
            var classes = predictions.Select(each => new { label = each.Label, index = each.Index, probability = each.Probability });
            Console.Out.WriteLine(PlainText.OfJson(JsonSerializer.Serialize(new { path, predictions = classes }, Format)));
        }

        public override void Dispose() => Console.Out.Flush();
    }

    /// <summary>A line a class: path,label,index,probability.</summary>
    private sealed class CsvWriter : PredictionWriter
    {
        public CsvWriter() => Console.Out.WriteLine("path,label,index,probability");

        public override void Write(string path, IReadOnlyList<ClassPrediction> predictions)
        {
            // An image without labels has a line, too.
            if (predictions.Count == 0) Console.Out.WriteLine($"{Cell(path)},,,");
            foreach (var each in predictions)
            {
                var probability = each.Probability.ToString(CultureInfo.InvariantCulture);
                Console.Out.WriteLine($"{Cell(path)},{Cell(each.Label)},{each.Index},{probability}");
            }
        }

        public override void Dispose() => Console.Out.Flush();

        private static string Cell(string text) => CsvField.Of(PlainText.Of(text));
    }

    private sealed class TableWriter(IAnsiConsole console) : PredictionWriter
    {
        private readonly Table _table = CommandWork.CreateTable("Image", "Class", "Probability");

        public override void Write(string path, IReadOnlyList<ClassPrediction> predictions)
        {
            // Plain before it is measured, so that columns stay columns.
            path = PlainText.Of(path);
            if (predictions.Count == 0) _table.AddRow(new Text(path), new Text("(none)"), new Text(""));
            for (var i = 0; i < predictions.Count; i++)
            {
                var (image, label) = (i == 0 ? path : "", PlainText.Of(predictions[i].Label));
                _table.AddRow(new Text(image), new Text(label), new Text($"{100 * predictions[i].Probability,6:0.0} %"));
            }
        }

        public override void Dispose()
        {
            if (_table.Rows.Count > 0) console.Write(_table);
        }
    }
}
