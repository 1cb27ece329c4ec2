namespace ResNet.Tests;

/// <summary>Gives copies of one image.</summary>
internal sealed class OneImage(PixelBuffer image) : ImageReader
{
    private readonly PixelBuffer _copy = new();

    public override PixelBuffer Read(int index)
    {
        _copy.CopyFrom(image);
        return _copy;
    }
}
