using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.Transforms.Image;

namespace ResNet.Benchmarks;

/// <summary>One contender, measured in a process of its own, so that memory and warm-up are its own.</summary>
internal static class Contender
{
    public const string Verb = "contender";
    private const int WarmUp = 16, Size = 224;

    /// <summary>
    /// Prints images a second, managed bytes an image, ms to the first row, rows evaluated for TakeRows(1), ms for a single prediction,
    /// peak MB.
    /// </summary>
    public static void Run(Arguments arguments)
    {
        var (model, images) = (arguments.Get("model"), arguments.Images());
        double[] figures = arguments.Get("name") switch
        {
            "ceiling" => Ceiling(model, images),
            "stock" => Pipeline(images, context => Stock(context, model)),
            "ours" => Pipeline(images, context => context.Transforms.ApplyResNet("features", "ImagePath", model)),
            "ours-resnet18" => Pipeline(images, context =>
                context.Transforms.ApplyResNet18("features", "ImagePath", model: "resnet18-mlnet")),
            "stock-dnn" => Pipeline(images, StockFeaturizer),
            var other => throw new ArgumentException($"'{other}' is not a contender."),
        };
        var texts = figures.Append(Measure.PeakMemory()).Select(figure => figure.ToString(CultureInfo.InvariantCulture));
        Console.WriteLine(string.Join(' ', texts));
    }

    /// <summary>What ML.NET's own transforms do: the pixels as they are, because our model file normalizes them inside.</summary>
    private static IEstimator<ITransformer> Stock(MLContext context, string model)
    {
        const ImagePixelExtractingEstimator.ColorsOrder Order = ImagePixelExtractingEstimator.ColorsOrder.ARGB;
        var shapes = new Dictionary<string, int[]> { ["image"] = [1, 3, Size, Size], ["features"] = [1, 2048] };
        var transforms = context.Transforms;
        return transforms.LoadImages("Image", "", "ImagePath")
            .Append(transforms.ResizeImages("Image", Size, Size, resizing: ImageResizingEstimator.ResizingKind.IsoCrop))
            .Append(transforms.ExtractPixels("image", "Image", orderOfExtraction: Order, interleavePixelColors: false))
            .Append(transforms.ApplyOnnxModel(["features"], ["image"], model, shapes, gpuDeviceId: null, fallbackToCpu: false));
    }

    /// <summary>ML.NET's DnnFeaturizeImage with the ResNet-18 of its package.</summary>
    private static IEstimator<ITransformer> StockFeaturizer(MLContext context)
    {
        var transforms = context.Transforms;
        return transforms.LoadImages("Image", "", "ImagePath")
            .Append(transforms.ResizeImages("Image", Size, Size))
            .Append(transforms.ExtractPixels("Pixels", "Image"))
            .Append(transforms.DnnFeaturizeImage(
                "features", model => model.ModelSelector.ResNet18(context, model.OutputColumn, model.InputColumn), "Pixels"));
    }

    private static double[] Pipeline(string[] images, Func<MLContext, IEstimator<ITransformer>> build)
    {
        var context = new MLContext();
        var transformer = build(context).Fit(context.Data.LoadFromEnumerable(Rows(images[..1])));
        Pass(images.Take(WarmUp));
        var watch = Stopwatch.StartNew();
        double first = 0;
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var count = 0;
        foreach (var _ in Features(images))
        {
            if (count++ == 0) first = watch.Elapsed.TotalMilliseconds;
        }

        var seconds = watch.Elapsed.TotalSeconds;
        var bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        var evaluated = RowsFor(takeRows: 1);
        return [count / seconds, (double)bytes / count, first, evaluated, Single()];

        IEnumerable<float[]> Features(IEnumerable<string> paths)
        {
            // Read as a trainer reads: through a cursor, into one buffer that is used again.
            var view = transformer.Transform(context.Data.LoadFromEnumerable(Rows(paths)));
            var column = view.Schema["features"];
            using var cursor = view.GetRowCursor([column]);
            var getter = cursor.GetGetter<VBuffer<float>>(column);
            VBuffer<float> features = default;
            while (cursor.MoveNext())
            {
                getter(ref features);
                yield return [];
            }
        }

        void Pass(IEnumerable<string> paths)
        {
            foreach (var _ in Features(paths))
            {
            }
        }

        // How many files are opened for so many rows: each row counts when its path is asked for.
        int RowsFor(int takeRows)
        {
            var asked = 0;
            var view = transformer.Transform(context.Data.LoadFromEnumerable(Counted()));
            var column = view.Schema["features"];
            using var cursor = context.Data.TakeRows(view, takeRows).GetRowCursor([column]);
            var getter = cursor.GetGetter<VBuffer<float>>(cursor.Schema["features"]);
            VBuffer<float> features = default;
            while (cursor.MoveNext()) getter(ref features);
            return asked;

            IEnumerable<Row> Counted()
            {
                foreach (var path in images) yield return new CountedRow(path, () => asked++);
            }
        }

        double Single()
        {
            var settings = new PredictionEngineOptions { OwnsTransformer = false };
            using var engine = context.Model.CreatePredictionEngine<Row, Prediction>(transformer, settings);
            for (var i = 0; i < 5; i++) engine.Predict(new() { ImagePath = images[i % images.Length] });
            var times = new double[25];
            for (var i = 0; i < times.Length; i++)
            {
                var one = Stopwatch.StartNew();
                engine.Predict(new() { ImagePath = images[i % images.Length] });
                times[i] = one.Elapsed.TotalMilliseconds;
            }

            return Measure.Median(times);
        }
    }

    /// <summary>The same session settings and as many threads, on tensors that are prepared already: what no pipeline can beat.</summary>
    private static double[] Ceiling(string model, string[] images)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        using var session = new InferenceSession(model, options);
        var work = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new float[3 * Size * Size]).ToArray();
        foreach (var input in work) new ImagePreparer(ImagePreprocessing.ImageNet).Prepare(new(images[0]), input);
        Run(WarmUp);
        var watch = Stopwatch.StartNew();
        Run(images.Length);
        return [images.Length / watch.Elapsed.TotalSeconds, 0, 0, 0, 0];

        void Run(int count)
        {
            var left = count;
            var threads = work.Select(input => new Thread(() =>
            {
                var output = new float[2048];
                using var from = OrtValue.CreateTensorValueFromMemory(input, [1, 3, Size, Size]);
                using var to = OrtValue.CreateTensorValueFromMemory(output, [1, 2048]);
                using var how = new RunOptions();
                while (Interlocked.Decrement(ref left) >= 0) session.Run(how, ["image"], [from], ["features"], [to]);
            })).ToArray();
            foreach (var thread in threads) thread.Start();
            foreach (var thread in threads) thread.Join();
        }
    }

    private static IEnumerable<Row> Rows(IEnumerable<string> paths) => paths.Select(path => new Row { ImagePath = path });

    private class Row
    {
        public virtual string ImagePath { get; set; } = "";
    }

    private sealed class CountedRow(string path, Action asked) : Row
    {
        public override string ImagePath
        {
            get
            {
                asked();
                return path;
            }

            set => throw new NotSupportedException();
        }
    }

    private sealed class Prediction
    {
        [ColumnName("features")]
        public float[] Features { get; set; } = [];
    }
}
