namespace ResNet.MLNet.Interactive;

/// <summary>Draws the filters of a convolution of pixels in rows, each scaled to its own greatest weight, gray for 0.</summary>
internal static class FilterPainter
{
    /// <summary>Pixels between two filters.</summary>
    private const int Gap = 2;
    private const byte White = 255;
    private const float Gray = 127.5f;

    /// <summary>Gives a picture as the address of an <c>img</c> element.</summary>
    /// <param name="weights">[filters, 3, height, width].</param>
    /// <param name="columns">Filters beside each other.</param>
    /// <param name="scale">Pixels for a weight, in both directions.</param>
    public static string Paint(WeightTensor weights, int columns, int scale)
    {
        int filters = weights.Shape[0], height = weights.Shape[2], width = weights.Shape[3];
        columns = Math.Min(columns, filters);
        var rows = (filters + columns - 1) / columns;
        var pixels = new PixelBuffer();
        pixels.Reset(columns * (width * scale + Gap) - Gap, rows * (height * scale + Gap) - Gap);
        pixels.Bytes.Fill(White);
        for (var filter = 0; filter < filters; filter++)
        {
            var values = weights.Values.AsSpan(filter * 3 * height * width, 3 * height * width);
            var greatest = 0f;
            foreach (var value in values) greatest = Math.Max(greatest, Math.Abs(value));
            var left = filter % columns * (width * scale + Gap);
            var top = filter / columns * (height * scale + Gap);
            for (var place = 0; place < height * width; place++)
            {
                var color = new Rgb(Shade(values, place), Shade(values, place + height * width), Shade(values, place + 2 * height * width));
                pixels.FillSquare(place % width, place / width, scale, color, left, top);
            }

            float Shade(ReadOnlySpan<float> values, int index) => greatest > 0 ? Gray + Gray * values[index] / greatest : Gray;
        }

        return EncodedImage.Png(pixels).ToAddress();
    }
}
