// Usage: SecondProcess PIPELINE.zip COLUMN IMAGE... : loads the pipeline and prints the bytes of the column for each image, in hexadecimal.
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;

var context = new MLContext();
var pipeline = context.Model.Load(args[0], out _);
var rows = context.Data.LoadFromEnumerable(args[2..].Select(path => new ImageRow { ImagePath = path }));
foreach (var value in pipeline.Transform(rows).GetColumn<float[]>(args[1]))
    Console.WriteLine(Convert.ToHexString(MemoryMarshal.AsBytes<float>(value)));

/// <summary>One image.</summary>
internal sealed class ImageRow
{
    public string ImagePath { get; set; } = "";
}
