using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>Says with ML.NET's own transformers what <see cref="ResNetTransformer"/> does, as far as they can.</summary>
internal static class PortablePipeline
{
    private const string Image = "ResNet.Image", Pixels = "image";

    public static ITransformer Create(ResNetTransformer transformer, DataViewSchema inputSchema)
    {
        var (options, how) = (transformer.Options, transformer.Options.Preprocessing ?? transformer.Model.Preprocessing);
        var input = transformer.FindInput(inputSchema);
        if (input.Type is VectorDataViewType)
            throw new NotSupportedException($"The column '{input.Name}' holds encoded images, and ML.NET has no transformer of its own that decodes them. Give paths or MLImages.");
        var output = ResNetModel.NameOf(options.Output);
        var size = how.Resize is { } resize ? Math.Max(resize, how.Crop) : how.Crop;
        var file = WriteModel(transformer.Model.ReadBytes(), size, how.Crop, output);

        var transforms = new MLContext().Transforms;
        var chain = new EstimatorChain<ITransformer>();
        string[] temporary = [Image, Pixels, output];
        if (input.Type is TextDataViewType) chain = chain.Append<ITransformer>(transforms.LoadImages(Image, options.ImageFolder ?? "", input.Name));
        chain = chain
            .Append<ITransformer>(transforms.ResizeImages(Image, size, size, input.Type is TextDataViewType ? Image : input.Name, ImageResizingEstimator.ResizingKind.IsoCrop))
            .Append<ITransformer>(transforms.ExtractPixels(Pixels, Image, interleavePixelColors: false))
            .Append<ITransformer>(transforms.ApplyOnnxModel([output], [Pixels], file, new Dictionary<string, int[]> { [Pixels] = [1, 3, size, size], [output] = [1, transformer.Width] }, gpuDeviceId: null, fallbackToCpu: true));
        if (options.OutputColumnName != output) chain = chain.Append<ITransformer>(transforms.CopyColumns(options.OutputColumnName, output));
        chain = chain.Append<ITransformer>(transforms.DropColumns([.. temporary.Where(name => name != options.OutputColumnName)]));
        return chain.Fit(new EmptyDataView(MLNetInternals.EnvironmentOf(transforms), inputSchema));
    }

    /// <summary>
    /// The network with the center crop in front, because ML.NET's resizing cannot cut out less than it resizes to, and with no output but the wanted one. It lies in
    /// the cache folder under its own hash: ML.NET's transformer reads it until the pipeline is saved.
    /// </summary>
    private static string WriteModel(byte[] bytes, int size, int crop, string output)
    {
        var model = ModelProto.Parser.ParseFrom(bytes);
        var unwanted = model.Graph.Output.Where(value => value.Name != output).ToList();
        foreach (var value in unwanted) model.Graph.Output.Remove(value);
        if (size != crop)
        {
            var builder = new OnnxGraph("");
            var start = (long)Math.Round((size - crop) / 2.0, MidpointRounding.ToEven);
            builder.Constant("resnet.crop.starts", start, start);
            builder.Constant("resnet.crop.ends", start + crop, start + crop);
            builder.Constant("resnet.crop.axes", 2L, 3L);
            builder.Node("Slice", "resnet.crop", [ModelFile.InputName, "resnet.crop.starts", "resnet.crop.ends", "resnet.crop.axes"]);
            OnnxGraph.RenameInput(model.Graph, ModelFile.InputName, "resnet.crop");
            model.Graph.Initializer.AddRange(builder.Graph.Initializer);
            model.Graph.Node.Insert(0, builder.Graph.Node[0]);
        }

        var content = model.ToByteArray();
        var path = Path.Combine(CacheFolder.Path, "portable", Convert.ToHexStringLower(SHA256.HashData(content))[..16] + ".onnx");
        if (!File.Exists(path)) AtomicFile.Write(path, stream => stream.Write(content));
        return path;
    }
}
