// Usage: StockProcess PIPELINE.zip COLUMN IMAGE... : loads the pipeline and prints the column for each image; exit code 3 if this project's
//        package is within reach.
using System.Globalization;
using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

try
{
    Assembly.Load("ResNet.MLNet");
    return 3;
}
catch (FileNotFoundException)
{
    // As it should be.
}

var context = new MLContext();
var pipeline = context.Model.Load(args[0], out _);
var rows = context.Data.LoadFromEnumerable(args[2..].Select(path => new ImageRow { ImagePath = path }));
foreach (var value in pipeline.Transform(rows).GetColumn<float[]>(args[1]))
    Console.WriteLine(string.Join(' ', value.Select(number => number.ToString(CultureInfo.InvariantCulture))));
return 0;

/// <summary>One image.</summary>
internal sealed class ImageRow
{
    public string ImagePath { get; set; } = "";
}
