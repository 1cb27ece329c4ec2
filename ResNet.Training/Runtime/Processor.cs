using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace ResNet.Training;

/// <summary>What an x86 processor says about itself (the CPUID instruction; Intel's manual, volume 2A).</summary>
internal static class Processor
{
    private const int FeatureLeaf = 7, AmxBFloat16 = 1 << 22, Avx512BFloat16 = 1 << 5;
    private const int CacheLeaf = 4, FeaturesLeaf = unchecked((int)0x80000001), AmdCacheLeaf = unchecked((int)0x8000001D);
    private const int TopologyExtensions = 1 << 22, CacheType = 0x1f;
    private const int LargestLeaf = unchecked((int)0x80000000), FirstNameLeaf = LargestLeaf + 2, LastNameLeaf = LargestLeaf + 4;

    /// <summary>
    /// Whether this processor multiplies bfloat16 numbers. AVX512-BF16 is bit 5 of EAX of leaf 7, subleaf 1; AMX-BF16 is bit 22 of EDX of
    /// subleaf 0, whose EAX is the greatest subleaf.
    /// </summary>
    public static bool BFloat16IsFast { get; } = FindBFloat16();

    /// <summary>What the processor calls itself: the brand string in leaves 80000002H to 80000004H; null if it has none.</summary>
    public static string? Name { get; } = FindName();

    /// <summary>
    /// What to know where the processor does not describe its caches; null where it does. Seen on an AMD Zen 5 in a virtual machine, with
    /// single convolutions beside the same in float64 (docs/troubleshooting.md).
    /// </summary>
    public static string? CacheWarning { get; } = X86Base.IsSupported && HidesCaches(X86Base.CpuId)
        ? "this processor does not describe its caches, as in some virtual machines. libtorch 2.10 was seen to compute convolutions " +
          "wrongly there in float32, and to end the process with a floating point exception (bottleneck networks, such as ResNet-50). " +
          "Basic networks, such as ResNet-18, were right in bfloat16 (docs/troubleshooting.md). Train others on another machine"
        : null;

    /// <summary>
    /// Whether a processor describes no cache: leaf 4 (Intel), or leaf 8000001DH (AMD), which bit 22 of ECX of leaf 80000001H announces.
    /// </summary>
    /// <param name="cpuid">EAX, EBX, ECX, EDX of a leaf and a subleaf.</param>
    public static bool HidesCaches(Func<int, int, (int Eax, int Ebx, int Ecx, int Edx)> cpuid)
    {
        if (cpuid(0, 0).Eax >= CacheLeaf && (cpuid(CacheLeaf, 0).Eax & CacheType) != 0) return false;
        var largest = (uint)cpuid(LargestLeaf, 0).Eax;
        if (largest < unchecked((uint)AmdCacheLeaf) || (cpuid(FeaturesLeaf, 0).Ecx & TopologyExtensions) == 0) return true;
        return (cpuid(AmdCacheLeaf, 0).Eax & CacheType) == 0;
    }

    private static bool FindBFloat16()
    {
        if (!X86Base.IsSupported || !Avx512F.IsSupported) return false;
        var features = X86Base.CpuId(FeatureLeaf, 0);
        if ((features.Edx & AmxBFloat16) != 0) return true;
        return features.Eax >= 1 && (X86Base.CpuId(FeatureLeaf, 1).Eax & Avx512BFloat16) != 0;
    }

    private static string? FindName()
    {
        if (!X86Base.IsSupported || (uint)X86Base.CpuId(LargestLeaf, 0).Eax < unchecked((uint)LastNameLeaf)) return null;
        var name = new StringBuilder();
        for (var leaf = FirstNameLeaf; leaf <= LastNameLeaf; leaf++)
        {
            var part = X86Base.CpuId(leaf, 0);
            name.Append(Encoding.ASCII.GetString(MemoryMarshal.AsBytes<int>([part.Eax, part.Ebx, part.Ecx, part.Edx])));
        }

        return name.ToString().Split('\0')[0].Trim();
    }
}
