using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace ResNet.Training;

/// <summary>What an x86 processor says about itself (the CPUID instruction; Intel's manual, volume 2A).</summary>
internal static class Processor
{
    private const int FeatureLeaf = 7, AmxBFloat16 = 1 << 22, Avx512BFloat16 = 1 << 5;
    private const int LargestLeaf = unchecked((int)0x80000000), FirstNameLeaf = LargestLeaf + 2, LastNameLeaf = LargestLeaf + 4;

    /// <summary>
    /// Whether this processor multiplies bfloat16 numbers. AVX512-BF16 is bit 5 of EAX of leaf 7, subleaf 1; AMX-BF16 is bit 22 of EDX of
    /// subleaf 0, whose EAX is the greatest subleaf.
    /// </summary>
    public static bool BFloat16IsFast { get; } = FindBFloat16();

    /// <summary>What the processor calls itself: the brand string in leaves 80000002H to 80000004H; null if it has none.</summary>
    public static string? Name { get; } = FindName();

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
