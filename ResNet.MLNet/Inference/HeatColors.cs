namespace ResNet.MLNet;

/// <summary>The colors of heat maps.</summary>
internal static class HeatColors
{
    /// <summary>From cold to hot, in steps of equal lightness, so that it reads without telling red from green, and in print.</summary>
    private static readonly Rgb[] Stops =
    [
        new(0x14, 0x0f, 0x34),
        new(0x42, 0x22, 0x7a),
        new(0xa3, 0x23, 0x84),
        new(0xed, 0x53, 0x50),
        new(0xff, 0xa7, 0x46),
        new(0xfb, 0xf1, 0xb2),
    ];

    /// <summary>The color of a heat.</summary>
    /// <param name="heat">0 (cold) to 1 (hot).</param>
    /// <returns>Red, green and blue, 0 to 255.</returns>
    public static Rgb At(double heat)
    {
        var place = heat * (Stops.Length - 1);
        var first = Math.Min((int)place, Stops.Length - 2);
        var (from, to) = (Stops[first], Stops[first + 1]);
        var share = (float)(place - first);
        return new(float.Lerp(from.R, to.R, share), float.Lerp(from.G, to.G, share), float.Lerp(from.B, to.B, share));
    }
}
