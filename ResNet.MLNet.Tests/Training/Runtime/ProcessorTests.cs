namespace ResNet.Tests;

/// <summary>What a processor says about itself is read as the manuals say.</summary>
[TestClass]
public sealed class ProcessorTests
{
    private const int Amd = unchecked((int)0x8000001D), Features = unchecked((int)0x80000001), Largest = unchecked((int)0x80000000);

    [TestMethod]
    [DataRow(13, 0, 0x80000021u, 0, 0, true, DisplayName = "Zen 5 in a virtual machine that hides them")]
    [DataRow(16, 0, 0x80000028u, 1 << 22, 0x4121, false, DisplayName = "AMD, its own leaf")]
    [DataRow(16, 0, 0x80000028u, 1 << 22, 0, true, DisplayName = "AMD, its own leaf, empty")]
    [DataRow(31, 0x7c004121, 0x80000008u, 0, 0, false, DisplayName = "Intel")]
    [DataRow(3, 0x7c004121, 0x80000004u, 0, 0, true, DisplayName = "no such leaf: what it gives means nothing")]
    public void A_processor_hides_its_caches_if_neither_leaf_describes_one(
        int largest, int intel, uint largestExtended, int features, int amd, bool isHidden)
    {
        Assert.AreEqual(isHidden, Processor.HidesCaches((leaf, _) => (Value(leaf), 0, leaf == Features ? features : 0, 0)));

        int Value(int leaf) => leaf switch
        {
            0 => largest,
            4 => intel,
            Largest => (int)largestExtended,
            Amd => amd,
            _ => 0,
        };
    }
}
