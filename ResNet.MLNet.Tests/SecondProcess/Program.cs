// Usage: SecondProcess PIPELINE.zip COLUMN IMAGE... : loads the pipeline and prints the bytes of the column for each image, in hexadecimal.
//        SecondProcess make MODEL.onnx : makes an estimator, fits nothing, and prints what was thrown.
//        SecondProcess leak PIPELINE.zip COLUMN IMAGE... : loads, uses and frees it many times; prints by how many KB the process grew
//        after the first times.
using System.Runtime.InteropServices;
using Microsoft.ML;
using Microsoft.ML.Data;

if (args[0] == "make")
{
    try
    {
        Console.WriteLine(new MLContext().Transforms.ApplyResNet(args[1]).GetType().Name);
    }
    catch (Exception problem)
    {
        Console.WriteLine($"{problem.GetType().Name}: {problem.Message}");
    }

    return;
}

var leak = args[0] == "leak";
if (leak) args = args[1..];
if (!leak)
{
    foreach (var value in Run()) Console.WriteLine(Convert.ToHexString(MemoryMarshal.AsBytes<float>(value)));
    return;
}

const int FirstTimes = 60, Times = 240;
long before = 0;
for (var i = 0; i < Times; i++)
{
    if (i == FirstTimes) before = Memory();
    _ = Run();
}

Console.WriteLine((Memory() - before) / 1024);

List<float[]> Run()
{
    var context = new MLContext();
    var pipeline = context.Model.Load(args[0], out _);
    var rows = context.Data.LoadFromEnumerable(args[2..].Select(path => new ImageRow { ImagePath = path }));
    List<float[]> values = [.. pipeline.Transform(rows).GetColumn<float[]>(args[1])];
    (pipeline as IDisposable)?.Dispose();
    return values;
}

static long Memory()
{
    GC.Collect();
    GC.WaitForPendingFinalizers();
    GC.Collect();
    return Environment.WorkingSet;
}

/// <summary>One image.</summary>
internal sealed class ImageRow
{
    public string ImagePath { get; set; } = "";
}
