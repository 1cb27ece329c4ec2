using System.Reflection;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>What is wrong is said in a message that names the row, the file or the column.</summary>
[TestClass]
public sealed class BadInputTests
{
    [TestMethod]
    public void A_missing_file_a_text_file_a_folder_and_a_cut_off_image_are_named_with_their_row()
    {
        using var world = new ImageWorld(images: 3);
        var text = world.PathOf("text.jpg");
        File.WriteAllText(text, "This is no image.");
        var empty = world.PathOf("empty.png");
        File.WriteAllBytes(empty, []);
        var cut = world.PathOf("cut.png");
        File.WriteAllBytes(cut, File.ReadAllBytes(world.Paths[1])[..^40]);
        var cases = new (string Path, string Reason)[]
        {
            (world.PathOf("missing.jpg"), "no such file"),
            (text, "not an image"),
            (empty, "0 bytes"),
            (world.Folder, "a folder"),
            (cut, "cut off"),
            ("", "path is empty"),
        };
        foreach (var (path, reason) in cases)
        {
            var view = Features(world).Fit(world.Data()).Transform(world.Data([world.Paths[0], world.Paths[1], path]));
            var problem = Assert.ThrowsExactly<InvalidImageException>(() => view.GetColumn<float[]>("Features").ToList());
            StringAssert.Contains(problem.Message, "Row 2");
            StringAssert.Contains(problem.Message, reason);
            StringAssert.Contains(problem.Message, $"'{path}'");
        }
    }

    [TestMethod]
    public void A_file_without_permission_says_so()
    {
        using var world = new ImageWorld(images: 1);
        // The superuser may read everything but some of the kernel's own files.
        var path = "/proc/sys/vm/compact_memory";
        if (!Environment.IsPrivilegedProcess && !OperatingSystem.IsWindows())
        {
            path = world.Paths[0];
            File.SetUnixFileMode(path, UnixFileMode.None);
        }

        if (!File.Exists(path)) Assert.Inconclusive("This system has no file that this user may not read.");
        var view = Features(world).Fit(world.Data()).Transform(world.Data([path]));
        var problem = Assert.ThrowsExactly<InvalidImageException>(() => view.GetColumn<float[]>("Features").ToList());
        StringAssert.Contains(problem.Message, "no permission");
    }

    [TestMethod]
    public void Marked_images_are_NaN_the_others_are_right_and_the_log_counts_them()
    {
        using var world = new ImageWorld(images: 20);
        List<string> log = [];
        world.Context.Log += (_, message) => log.Add(message.Message);
        var paths = world.Paths.Select((path, index) => index % 4 == 1 ? world.PathOf($"missing{index}.jpg") : path).ToList();
        var options = new ResNetEstimator.Options { Model = world.ModelFile, OnBadImage = BadImagePolicy.Mark };
        var view = world.Context.Transforms.ApplyResNet(options).Fit(world.Data()).Transform(world.Data(paths));
        var features = view.GetColumn<float[]>("Features").ToList();
        for (var i = 0; i < paths.Count; i++)
        {
            if (i % 4 == 1) Assert.IsTrue(features[i].All(float.IsNaN));
            else CollectionAssert.AreEqual(world.Expected(paths[i]), features[i]);
        }

        var warning = log.Single(message => message.Contains("could not be read", StringComparison.Ordinal));
        StringAssert.Contains(warning, "5 images");
        StringAssert.Contains(warning, "missing1.jpg");
    }

    [TestMethod]
    public void A_column_that_is_missing_or_of_another_type_is_named()
    {
        using var world = new ImageWorld(images: 1);
        var missing = Assert.ThrowsExactly<ArgumentException>(() => Features(world, "Picture").Fit(world.Data()));
        StringAssert.Contains(missing.Message, "'Picture'");
        StringAssert.Contains(missing.Message, "ImagePath");
        var wrong = Assert.ThrowsExactly<ArgumentException>(() => Features(world, "Number").Fit(world.Data()));
        StringAssert.Contains(wrong.Message, "'Number' is Single");
        var chain = Features(world, "Number").Append(world.Context.Transforms.NormalizeMinMax("Features"));
        var chained = Assert.Throws<ArgumentException>(() => chain.Fit(world.Data()));
        StringAssert.Contains(chained.Message, "'Number'");
    }

    [TestMethod]
    public void A_file_that_is_no_model_is_named()
    {
        using var world = new ImageWorld(images: 1);
        var transforms = world.Context.Transforms;
        Assert.ThrowsExactly<FileNotFoundException>(() => transforms.ApplyResNet("Features", null, world.PathOf("none.onnx")));
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => transforms.ApplyResNet("Features", null, world.Paths[0]));
        StringAssert.Contains(problem.Message, "0.jpg");
        StringAssert.Contains(problem.Message, "not an ONNX model");
    }

    [TestMethod]
    public void Predicted_labels_need_scores()
    {
        using var world = new ImageWorld(images: 1);
        var problem = Assert.ThrowsExactly<ArgumentException>(() =>
            world.Context.Transforms.ApplyResNet("Features", null, world.ModelFile, ResNetOutput.Features, "PredictedLabel"));
        StringAssert.Contains(problem.Message, "Probabilities or Logits");
    }

    [TestMethod]
    public void An_image_beyond_the_pixel_limit_is_refused()
    {
        using var world = new ImageWorld(images: 1);
        var options = new ResNetEstimator.Options { Model = world.ModelFile, MaximumPixels = 100 };
        var view = world.Context.Transforms.ApplyResNet(options).Fit(world.Data()).Transform(world.Data());
        var problem = Assert.ThrowsExactly<InvalidImageException>(() => view.GetColumn<float[]>("Features").ToList());
        StringAssert.Contains(problem.Message, "the limit is 100");
    }

    [TestMethod]
    public void Cancelling_the_context_ends_a_running_pass()
    {
        using var world = new ImageWorld(images: 10);
        var view = Features(world).Fit(world.Data()).Transform(world.Data());
        var read = 0;
        Assert.ThrowsExactly<OperationCanceledException>(() =>
        {
            foreach (var _ in view.GetColumn<float[]>("Features"))
            {
                if (++read == 3) Cancel(world.Context);
            }
        });
        Assert.AreEqual(3, read);
    }

    [TestMethod]
    public void A_disposed_transformer_says_so()
    {
        using var world = new ImageWorld(images: 1);
        var transformer = Features(world).Fit(world.Data());
        var view = transformer.Transform(world.Data());
        transformer.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => view.GetColumn<float[]>("Features").ToList());
    }

    /// <summary>ML.NET keeps the method internal; hosts such as AutoML call it.</summary>
    private static void Cancel(MLContext context)
    {
        const BindingFlags Any = BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        typeof(MLContext).GetMethod("CancelExecution", Any)!.Invoke(context, []);
    }

    private static ResNetEstimator Features(ImageWorld world, string? input = null) =>
        world.Context.Transforms.ApplyResNet("Features", input, world.ModelFile);
}
