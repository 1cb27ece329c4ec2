namespace ResNet.MLNet.Interactive;

/// <summary>What pictures of numbers are drawn and shown with.</summary>
internal static class Pixels
{
    /// <summary>Gives a square of pixels a color.</summary>
    /// <param name="pixels">The picture.</param>
    /// <param name="column">The square's column.</param>
    /// <param name="row">The square's row.</param>
    /// <param name="side">Its height and width in pixels.</param>
    /// <param name="color">Red, green and blue, 0 to 255.</param>
    /// <param name="left">Where the first column begins, in pixels.</param>
    /// <param name="top">Where the first row begins, in pixels.</param>
    public static void FillSquare(this PixelBuffer pixels, int column, int row, int side, Rgb color, int left = 0, int top = 0)
    {
        byte red = Byte(color.R), green = Byte(color.G), blue = Byte(color.B);
        for (var y = 0; y < side; y++)
        {
            var line = pixels.Row(top + row * side + y)[((left + column * side) * PixelBuffer.BytesPerPixel)..];
            for (var x = 0; x < side; x++)
            {
                ReadOnlySpan<byte> pixel = [red, green, blue, byte.MaxValue];
                pixel.CopyTo(line[(x * PixelBuffer.BytesPerPixel)..]);
            }
        }

        static byte Byte(float value) => (byte)Math.Round(value);
    }

    /// <summary>An image file as the address of an <c>img</c> element.</summary>
    public static string ToAddress(this EncodedImage image) => $"data:{image.MediaType};base64,{Convert.ToBase64String(image.Data)}";
}
