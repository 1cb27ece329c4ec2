namespace ResNet.Tests;

/// <summary>The binary CIFAR files are read as their makers describe them.</summary>
[TestClass]
public sealed class CifarImagesTests
{
    private const int Plane = 32 * 32;

    [TestMethod]
    public void CIFAR_10_is_read_from_its_five_batches_and_validated_with_its_test_batch()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        for (var batch = 1; batch <= 5; batch++)
            Write(folders, $"data_batch_{batch}.bin", Record([(byte)(batch % 3)], batch), Record([2], 10 + batch));
        Write(folders, "test_batch.bin", Record([1], 99));
        var data = TrainingData.Open(folders.PathOf("cifar"));
        Assert.AreEqual((10, 1), (data.Training.Count, data.Validation.Count));
        CollectionAssert.AreEqual(new[] { "0", "1", "2" }, data.Training.Labels.ToList());
        CollectionAssert.AreEqual(new[] { 1, 2, 2, 2, 0, 2, 1, 2, 2, 2 }, Enumerable.Range(0, 10).Select(data.Training.LabelOf).ToList());
        Assert.AreEqual(folders.PathOf("cifar", "data_batch_3.bin") + "[1]", data.Training.NameOf(5));
        var pixels = data.Training.OpenReader().Read(5);
        Assert.AreEqual((32, 32), (pixels.Width, pixels.Height));
        // Pixel 40 of the picture that begins with 13: red 13 + 40, green one more, blue two more.
        Assert.AreEqual(0xff373635u, pixels.Pixels[40]);

        File.WriteAllText(folders.PathOf("cifar", "batches.meta.txt"), "airplane\nautomobile\nbird\n\n");
        var named = TrainingData.Open(folders.PathOf("cifar"));
        CollectionAssert.AreEqual(new[] { "airplane", "automobile", "bird" }, named.Validation.Labels.ToList());
    }

    [TestMethod]
    public void CIFAR_100_counts_the_fine_label()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        Write(folders, "train.bin", Record([7, 1], 5), Record([8, 0], 6), Record([9, 1], 7), Record([9, 0], 8));
        File.WriteAllText(folders.PathOf("cifar", "fine_label_names.txt"), "apple\nfish\n");
        var data = TrainingData.Open(folders.PathOf("cifar"), validationShare: 0);
        CollectionAssert.AreEqual(new[] { 1, 0, 1, 0 }, Enumerable.Range(0, 4).Select(data.Training.LabelOf).ToList());
        Assert.AreEqual("fish", data.Training.Labels[1]);
        Assert.AreEqual(0xff080706u, data.Training.OpenReader().Read(1).Pixels[0]);
    }

    [TestMethod]
    public void Damaged_and_missing_files_are_named()
    {
        using var folders = new ClassFolders(imagesPerClass: 1);
        for (var batch = 1; batch <= 4; batch++) Write(folders, $"data_batch_{batch}.bin", Record([(byte)batch], batch));
        StringAssert.Contains(Message(), "'data_batch_5.bin' is missing");
        Write(folders, "data_batch_5.bin", Record([1], 1)[..^1]);
        StringAssert.Contains(Message(), "data_batch_5.bin' has 3,072 bytes");
        Write(folders, "data_batch_5.bin", []);
        StringAssert.Contains(Message(), "data_batch_5.bin' has 0 bytes");
        Write(folders, "data_batch_5.bin", Record([1], 1), Record([200], 1));
        StringAssert.Contains(Message(), "data_batch_5.bin' has a label 200 in record 1");
        Write(folders, "data_batch_5.bin", Record([1], 1));
        File.WriteAllText(folders.PathOf("cifar", "batches.meta.txt"), "airplane\nautomobile\n");
        StringAssert.Contains(Message(), "data_batch_2.bin' has a label 2 in record 0, and there are 2 classes");

        string Message() => Assert.ThrowsExactly<InvalidDataException>(() => TrainingData.Open(folders.PathOf("cifar"))).Message;
    }

    /// <summary>Labels, then red, green and blue planes that count up from a number, from the next and from the one after.</summary>
    private static byte[] Record(byte[] labels, int start) =>
        [.. labels, .. Enumerable.Range(0, 3 * Plane).Select(i => (byte)(start + i / Plane + i % Plane))];

    private static void Write(ClassFolders folders, string name, params byte[][] records)
    {
        Directory.CreateDirectory(folders.PathOf("cifar"));
        File.WriteAllBytes(folders.PathOf("cifar", name), [.. records.SelectMany(record => record)]);
    }
}
