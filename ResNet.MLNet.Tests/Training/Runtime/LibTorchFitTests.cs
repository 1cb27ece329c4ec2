using TorchSharp;

namespace ResNet.Tests;

/// <summary>A libtorch that does not fit is refused before it is loaded, and one that fits is not.</summary>
[TestClass]
public sealed class LibTorchFitTests
{
    private static readonly string Folder = LibTorch.Load().Folder;

    [TestMethod]
    public void The_libtorch_that_the_tests_run_on_fits()
    {
        var fit = LibTorch.CheckFit();
        if (fit is null) Assert.Inconclusive("Only ELF libraries are compared.");
        Assert.IsTrue(fit.Fits, fit.Describe(isChosen: false));
        Assert.IsGreaterThan(500, fit.Needed);
        StringAssert.StartsWith(torch.__version__, LibTorchFiles.BuiltFor);
    }

    [TestMethod]
    public void A_libtorch_without_its_great_library_lacks_nearly_all_and_the_message_names_some()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("Only ELF libraries are compared.");
        var bridge = Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so");
        var fit = LibTorchFit.Check(bridge, Folder, [Path.Combine(Folder, "libc10.so")]);
        Assert.IsFalse(fit.Fits);
        Assert.IsGreaterThan(500, fit.MissingSymbols.Count);
        Assert.IsLessThan(fit.Needed, fit.MissingSymbols.Count, "libc10 has some of them.");
        var message = fit.Describe(isChosen: true);
        StringAssert.Contains(message, Folder);
        StringAssert.Contains(message, "at::");
        StringAssert.Contains(message, LibTorch.Variable);
    }

    [TestMethod]
    public void Only_what_is_used_and_not_weak_counts_as_missing()
    {
        using var folder = new TemporaryFolder();
        var needs = new ElfFile().Needs("there").Needs("elsewhere").Needs("gone")
            .Needs("weak", weak: true).Needs("never_used", used: false);
        var bridge = Write(folder, "bridge.so", needs);
        var first = Write(folder, "libc10.so", new ElfFile().Exports("there", "other"));
        var second = Write(folder, "libtorch_cpu.so", new ElfFile().Needs("gone").Exports("elsewhere"));
        var fit = LibTorchFit.Check(bridge, folder.Path, [first, second]);
        Assert.AreEqual(3, fit.Needed);
        CollectionAssert.AreEqual(new[] { "gone" }, fit.MissingSymbols.ToArray(), "A library that needs a symbol does not have it.");
        StringAssert.Contains(fit.Describe(isChosen: false), "gone");
    }

    [TestMethod]
    public void A_version_that_the_system_lacks_is_named_with_its_library()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("Only ELF libraries are compared.");
        using var folder = new TemporaryFolder();
        var bridge = Write(folder, "bridge.so", new ElfFile()
            .Needs("memcpy", "libc.so.6", "GLIBC_2.4")
            .Needs("tomorrow", "libc.so.6", "GLIBC_9.9")
            .Needs("named", "libc.so.6", "GLIBC_9.8", used: false)
            .Needs("unknown", "libnone.so.1", "NONE_1"));
        var fit = LibTorchFit.Check(bridge, folder.Path, []);
        CollectionAssert.AreEqual(new[] { "GLIBC_9.9 of libc.so.6" }, fit.MissingVersions.ToArray());
        StringAssert.Contains(fit.Describe(isChosen: false), "GLIBC_9.9 of libc.so.6");
    }

    [TestMethod]
    public void The_version_is_read_from_what_lies_beside_the_folder()
    {
        using var folder = new TemporaryFolder();
        var lib = Directory.CreateDirectory(folder.PathOf("lib")).FullName;
        File.WriteAllBytes(Path.Combine(lib, "libtorch_cpu.so"), []);
        Assert.AreEqual((null, null), LibTorchFit.FindVersion(lib));
        File.WriteAllText(folder.PathOf("build-version"), "2.10.0+cu128\n");
        Assert.AreEqual(("2.10.0+cu128", "12.8"), LibTorchFit.FindVersion(lib));
        File.WriteAllText(folder.PathOf("version.py"), """
            from typing import Optional
            __version__ = '2.11.0+cu130'
            debug = False
            cuda: Optional[str] = '13.0'
            hip: Optional[str] = None
            """);
        Assert.AreEqual(("2.11.0+cu130", "13.0"), LibTorchFit.FindVersion(lib));
        File.WriteAllText(folder.PathOf("version.py"), "__version__ = '1.13.0a0'\ndebug = False\ncuda = None\n");
        Assert.AreEqual(("1.13.0a0", null), LibTorchFit.FindVersion(lib));
    }

    [TestMethod]
    public void What_is_no_library_or_a_cut_off_one_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var image = new ElfFile().Exports("have").Needs("need", "libc.so.6", "GLIBC_2.4").Defines("OWN_1").ToArray();
        using (var library = new ElfLibrary(new MemoryStream(image)))
        {
            CollectionAssert.AreEqual(new[] { "OWN_1" }, library.VersionDefinitions().ToArray());
            Assert.AreEqual("GLIBC_2.4", library.Needs().Single().Version?.Version);
        }

        var text = Write(folder, "text.so", "INPUT(libtorch_cpu.so.1)"u8.ToArray());
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ElfLibrary.Open(text)).Message, text);
        for (var length = 0; length < image.Length; length++)
        {
            var part = image[..length];
            Assert.ThrowsExactly<InvalidDataException>(() => ReadAll(part));
        }
    }

    [TestMethod]
    public void Damage_is_an_exception_that_says_so()
    {
        var image = new ElfFile().Exports("have").Needs("need", "libc.so.6", "GLIBC_2.4").Defines("OWN_1").ToArray();
        for (var at = 6; at < image.Length; at++)
        {
            var damaged = image.ToArray();
            damaged[at] ^= 0xff;
            try
            {
                ReadAll(damaged);
            }
            catch (InvalidDataException)
            {
                // Some damage cannot be seen; what is seen must be this exception.
            }
        }
    }

    private static string Write(TemporaryFolder folder, string name, ElfFile library) => Write(folder, name, library.ToArray());

    private static string Write(TemporaryFolder folder, string name, byte[] content)
    {
        var path = folder.PathOf(name);
        File.WriteAllBytes(path, content);
        return path;
    }

    private static void ReadAll(byte[] image)
    {
        using var library = new ElfLibrary(new MemoryStream(image));
        _ = library.VersionDefinitions();
        _ = library.Needs();
        library.RemoveExports(ElfLibrary.SymbolSet(["x"]));
    }
}
