namespace ResNet.MLNet;

// What a network costs: its parameters and its multiply-adds.
public sealed partial record ResNetArchitecture
{
    /// <summary>The number of trained values: what PyTorch's <c>sum(p.numel() for p in model.parameters())</c> gives.</summary>
    public long ParameterCount => Tensors.Where(tensor => tensor.IsParameter).Sum(tensor => tensor.Count);

    /// <summary>
    /// The multiply-adds of the convolutions and the fully connected layer for one image, as the paper's Table 1 counts them.
    /// </summary>
    /// <param name="height">Height of the image in pixels, from 1.</param>
    /// <param name="width">Width of the image in pixels, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is below 1.</exception>
    public long MultiplyAdds(int height = 224, int width = 224)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        var (total, size) = Cost(StemConvolution, new(height, width));
        if (HasMaxPool) size = new((size.Height - 1) / 2 + 1, (size.Width - 1) / 2 + 1);
        foreach (var block in Blocks)
        {
            if (block.Shortcut.Projection is { } projection) total += Cost(projection, size).Count;
            foreach (var convolution in block.Convolutions)
            {
                (var count, size) = Cost(convolution, size);
                total += count;
            }
        }

        return total + (long)FeatureCount * Classes;
    }

    private static (long Count, ImageSize Size) Cost(ConvolutionLayer layer, ImageSize input)
    {
        var size = new ImageSize(layer.OutputSize(input.Height), layer.OutputSize(input.Width));
        return ((long)layer.GroupChannels * layer.OutChannels * layer.Kernel * layer.Kernel * size.Height * size.Width, size);
    }

    private readonly record struct ImageSize(int Height, int Width);
}
