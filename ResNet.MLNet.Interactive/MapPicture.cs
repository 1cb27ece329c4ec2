using System.Globalization;

namespace ResNet.MLNet.Interactive;

/// <summary>A channel of a layer's map as a picture.</summary>
/// <param name="Channel">The channel, from 0.</param>
/// <param name="Range">Its least and its greatest value, as text.</param>
/// <param name="Address">The address of an <c>img</c> element.</param>
internal sealed record MapPicture(int Channel, string Range, string Address)
{
    private const int JpegQuality = 88;

    /// <summary>Draws a channel, each value as a square.</summary>
    /// <param name="map">The map.</param>
    /// <param name="channel">The channel, from 0.</param>
    /// <param name="height">About how many pixels high the picture is.</param>
    /// <exception cref="ArgumentOutOfRangeException">The map has no such channel.</exception>
    public static MapPicture Of(FeatureMap map, int channel, int height)
    {
        var values = map.Channel(channel);
        float least = values[0], greatest = values[0];
        foreach (var value in values)
        {
            least = Math.Min(least, value);
            greatest = Math.Max(greatest, value);
        }

        var scale = Math.Max(1, (int)Math.Round((double)height / map.Height));
        var pixels = new PixelBuffer();
        pixels.Reset(map.Width * scale, map.Height * scale);
        for (var y = 0; y < map.Height; y++)
        {
            for (var x = 0; x < map.Width; x++)
            {
                var heat = greatest > least ? (values[y * map.Width + x] - least) / ((double)greatest - least) : 0;
                pixels.FillSquare(x, y, scale, HeatColors.At(heat));
            }
        }

        // PNG keeps the edges of squares sharp; where a value is a pixel there are none.
        var picture = scale > 1 ? EncodedImage.Png(pixels) : EncodedImage.Jpeg(pixels, JpegQuality);
        return new(channel, string.Create(CultureInfo.InvariantCulture, $"{least:0.##} to {greatest:0.##}"), picture.ToAddress());
    }

    /// <summary>What a map is called and how large it is, as text.</summary>
    public static string SizeOf(FeatureMap map) =>
        $"{map.Layer}: {Plural.Of(map.Channels, "channel", "channels")} of {map.Height} x {map.Width}";
}
