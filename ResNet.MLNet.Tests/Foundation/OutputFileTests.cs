namespace ResNet.Tests;

/// <summary>What is written is not what it is made of, whatever the names say.</summary>
[TestClass]
public sealed class OutputFileTests
{
    [TestMethod]
    public void An_input_is_recognized_by_any_of_its_names()
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("weights.safetensors");
        File.WriteAllText(file, "precious");
        Directory.CreateDirectory(folder.PathOf("sub"));
        List<string> names = [file, folder.PathOf("sub", "..", "weights.safetensors"), Path.GetRelativePath(".", file)];
        if (!OperatingSystem.IsWindows())
        {
            names.Add(File.CreateSymbolicLink(folder.PathOf("link"), file).FullName);
            Directory.CreateSymbolicLink(folder.PathOf("folder"), folder.Path);
            names.Add(folder.PathOf("folder", "weights.safetensors"));
        }

        if (OperatingSystem.IsLinux())
        {
            SpecialFile.CreateHardLink(folder.PathOf("hard"), file);
            names.Add(folder.PathOf("hard"));
        }

        foreach (var name in names)
        {
            var message = Assert.ThrowsExactly<ArgumentException>(() => OutputFile.EnsureNotInput(name, "other", file)).Message;
            StringAssert.Contains(message, name);
        }

        File.WriteAllText(folder.PathOf("copy"), "precious");
        OutputFile.EnsureNotInput(folder.PathOf("copy"), file);
        OutputFile.EnsureNotInput(folder.PathOf("new"), file, folder.PathOf("new"));
    }

    [TestMethod]
    public void Import_and_quantize_do_not_write_onto_what_they_read()
    {
        using var world = new ImageWorld(images: 2);
        var weights = world.PathOf("w.safetensors");
        WeightFile.Write(weights, RandomWeights.For(ResNetArchitecture.Parse("cifar-resnet8:width=4")));
        Assert.ThrowsExactly<ArgumentException>(() => ResNetImporter.Import(weights, weights));
        Assert.ThrowsExactly<ArgumentException>(() => ResNetQuantizer.Quantize(world.ModelFile, world.Paths, world.ModelFile));
        Assert.ThrowsExactly<ArgumentException>(() => ResNetQuantizer.Quantize(world.ModelFile, world.Paths, world.Paths[1]));
        Assert.IsNotEmpty(WeightFile.Read(weights));
        ResNetModel.Open(world.ModelFile).Dispose();
    }
}
