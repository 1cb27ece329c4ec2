namespace ResNet.MLNet;

/// <summary>Memory that is used again for later content.</summary>
internal static class ByteBuffer
{
    /// <summary>
    /// Makes sure that there is room for some bytes; what was in the buffer is lost if there was not. A buffer at least doubles, up to a
    /// length, so that content that grows little by little costs few allocations.
    /// </summary>
    public static void Grow(ref byte[] buffer, int needed, int longest = int.MaxValue)
    {
        if (buffer.Length >= needed) return;
        var doubled = (int)Math.Min(2L * buffer.Length, Math.Min(longest, Array.MaxLength));
        buffer = GC.AllocateUninitializedArray<byte>(Math.Max(needed, doubled));
    }
}
