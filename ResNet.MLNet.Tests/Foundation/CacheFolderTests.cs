namespace ResNet.Tests;

/// <summary>What lies in the cache is compared before it is used, and where everybody can write the cache is the user's own.</summary>
[TestClass]
public sealed class CacheFolderTests
{
    [TestMethod]
    public void A_kept_file_that_is_another_one_is_replaced()
    {
        byte[] content = [.. Enumerable.Range(0, 100_000).Select(value => (byte)value)];
        var path = CachedFile.Keep("test/kept.bin", content);
        CollectionAssert.AreEqual(content, File.ReadAllBytes(path));
        var time = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(path, time);
        CachedFile.Keep("test/kept.bin", content);
        Assert.AreEqual(time, File.GetLastWriteTimeUtc(path), "The right one is not written again.");

        byte[][] others = [content[..^1], [.. content[..^1], 0], []];
        foreach (var other in others)
        {
            File.WriteAllBytes(path, other);
            Assert.AreEqual(path, CachedFile.Keep("test/kept.bin", content));
            CollectionAssert.AreEqual(content, File.ReadAllBytes(path));
        }
    }

    [TestMethod]
    public void A_private_folder_is_made_for_its_user_alone_and_refused_if_it_is_not()
    {
        // On Windows the folder for temporary files is the user's own.
        if (OperatingSystem.IsWindows()) return;
        using var place = new TemporaryFolder();
        var path = PrivateFolder.Get(place.Path, "cache");
        Assert.StartsWith(place.PathOf("cache-"), path);
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Assert.AreEqual(OwnerOnly, File.GetUnixFileMode(path));
        Assert.AreEqual(path, PrivateFolder.Get(place.Path, "cache"));

        File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.OtherWrite);
        Refused("cache");
        var aim = Directory.CreateDirectory(place.PathOf("aim"), OwnerOnly).FullName;
        Directory.CreateSymbolicLink(path.Replace("cache-", "link-", StringComparison.Ordinal), aim);
        Refused("link");

        void Refused(string name)
        {
            var problem = Assert.ThrowsExactly<IOException>(() => PrivateFolder.Get(place.Path, name));
            StringAssert.Contains(problem.Message, CacheFolder.Variable);
        }
    }
}
