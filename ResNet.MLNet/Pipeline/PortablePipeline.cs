using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;
using ResNet.MLNet.Onnx;

namespace ResNet.MLNet;

/// <summary>Does with ML.NET's own transformers what <see cref="ResNetTransformer"/> does, as far as they can.</summary>
internal static class PortablePipeline
{
    private const string Image = "ResNet.Image";
    private const string Pixels = "image";

    public static ITransformer Create(ResNetTransformer transformer, DataViewSchema inputSchema)
    {
        var options = transformer.Options;
        var input = transformer.FindInput(inputSchema);
        if (input.Type is VectorDataViewType)
        {
            throw new NotSupportedException(
                $"The column '{input.Name}' holds encoded images, and ML.NET has no transformer of its own that decodes them. " +
                "Give paths or MLImages.");
        }

        var output = OpenedModel.NameOf(options.Output);
        var crop = transformer.Preprocessing.Crop;
        var size = Math.Max(transformer.Preprocessing.Resize ?? crop, crop);
        var file = WriteModel(transformer.Model.File.ReadBytes(), size, crop, output);
        var shapes = new Dictionary<string, int[]> { [Pixels] = [1, 3, size, size], [output] = [1, transformer.Width] };

        var transforms = new MLContext().Transforms;
        var image = input.Name;
        var steps = new List<IEstimator<ITransformer>>();
        if (input.Type is TextDataViewType)
        {
            steps.Add(transforms.LoadImages(Image, options.ImageFolder ?? "", input.Name));
            image = Image;
        }

        var squashes = transformer.Preprocessing.Squash;
        var kind = squashes ? ImageResizingEstimator.ResizingKind.Fill : ImageResizingEstimator.ResizingKind.IsoCrop;
        steps.Add(transforms.ResizeImages(Image, size, size, image, kind));
        steps.Add(transforms.ExtractPixels(Pixels, Image, interleavePixelColors: false));
        steps.Add(transforms.ApplyOnnxModel([output], [Pixels], file, shapes, gpuDeviceId: null, fallbackToCpu: true));
        if (options.OutputColumnName != output) steps.Add(transforms.CopyColumns(options.OutputColumnName, output));
        string[] temporary = [Image, Pixels, output];
        steps.Add(transforms.DropColumns([.. temporary.Where(name => name != options.OutputColumnName)]));

        var chain = new EstimatorChain<ITransformer>();
        foreach (var step in steps) chain = chain.Append(step);
        return chain.Fit(new EmptyDataView(MLNetInternals.EnvironmentOf(transforms), inputSchema));
    }

    /// <summary>
    /// Writes the network with the center crop in front, because ML.NET's resizing cannot cut out less than it resizes to, and with only
    /// the wanted output. It lies in the cache folder under its own hash: ML.NET's transformer reads it until the pipeline is saved.
    /// </summary>
    private static string WriteModel(byte[] bytes, int size, int crop, string output)
    {
        var model = ModelProto.Parser.ParseFrom(bytes);
        var unwanted = model.Graph.Output.Where(value => value.Name != output).ToList();
        foreach (var value in unwanted) model.Graph.Output.Remove(value);
        OnnxGraph.RemoveUnused(model.Graph);
        if (size != crop) CropFirst(model.Graph, size, crop);

        // What is written here is another network than the digest is of.
        ModelFileSeal.Remove(model);
        var content = model.ToByteArray();
        return CachedFile.Keep(Path.Combine("portable", Convert.ToHexStringLower(SHA256.HashData(content))[..16] + ".onnx"), content);
    }

    private static void CropFirst(GraphProto graph, int size, int crop)
    {
        var added = new OnnxGraph("");
        var start = (long)Math.Round((size - crop) / 2.0, MidpointRounding.ToEven);
        added.Constant("resnet.crop.starts", start, start);
        added.Constant("resnet.crop.ends", start + crop, start + crop);
        added.Constant("resnet.crop.axes", 2L, 3L);
        added.Node("Slice", "resnet.crop", [ModelFile.InputName, "resnet.crop.starts", "resnet.crop.ends", "resnet.crop.axes"]);
        OnnxGraph.RenameInput(graph, ModelFile.InputName, "resnet.crop");
        graph.Initializer.AddRange(added.Graph.Initializer);
        graph.Node.Insert(0, added.Graph.Node[0]);
        // A mean image has fixed the size.
        var dimensions = graph.Input.Single(input => input.Name == ModelFile.InputName).Type.TensorType.Shape.Dim;
        if (dimensions[2].DimValue > 0) (dimensions[2].DimValue, dimensions[3].DimValue) = (size, size);
    }
}
