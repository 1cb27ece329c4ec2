namespace ResNet.Tests;

/// <summary>`resnet demo`, as a user runs it.</summary>
[TestClass]
public sealed class DemoTests
{
    [TestMethod]
    [TestCategory("EndToEnd")]
    public void The_demo_trains_exports_and_uses_a_network()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"resnet-tests-{Guid.NewGuid():N}");
        try
        {
            var demo = Command.Resnet("demo", "--output", folder, "--epochs", "1");
            Assert.AreEqual(0, demo.ExitCode, demo.Errors);
            // True for the installed tool, too.
            StringAssert.StartsWith(demo.Lines[^1], "In a clone without the installed tool");
            // One epoch of five is enough to beat chance (10 %) by far.
            var network = Percent("trained just now");
            Assert.IsGreaterThan(40, network);
            Assert.AreEqual(network, Percent("in an ML.NET pipeline"), 1);
            Assert.IsGreaterThan(50, Percent("on the network's features"));
            string[] files = ["model.onnx", "metrics.csv", "last.safetensors", "where-worn.zip", "flowers.zip"];
            foreach (var file in files) Assert.IsTrue(File.Exists(Path.Combine(folder, file)), file);
            Assert.HasCount(1000, Directory.GetFiles(Path.Combine(folder, "images"), "*.png", SearchOption.AllDirectories));

            // The photographs: chance is 20 %.
            Assert.IsGreaterThan(70, Percent("ApplyResNet18"));
            Assert.IsGreaterThan(70, Percent("DnnFeaturizeImage"));
            Assert.IsLessThan(60, Percent("raw pixels (32 x 32)"));
            var photographs = Directory.GetFiles(Path.Combine(folder, "flowers"), "*.jpg", SearchOption.AllDirectories);
            Assert.HasCount(200, photographs);
            var credits = File.ReadAllText(Path.Combine(folder, "flowers", "CREDITS.txt"));
            foreach (var path in photographs)
            {
                var kind = Path.GetFileName(Path.GetDirectoryName(path));
                Assert.Contains($"{kind}/{Path.GetFileName(path)} CC", credits);
            }

            // Another demo replaces it; what no demo made is left alone.
            File.Delete(Path.Combine(folder, "made-by-resnet-demo.txt"));
            var refused = Command.Resnet("demo", "--output", folder, "--epochs", "1");
            Assert.AreEqual(1, refused.ExitCode);
            StringAssert.Contains(refused.Errors, folder);

            double Percent(string row) => double.Parse(Row(row).Split('│')[2].TrimEnd(' ', '%'));

            // What is in the table; while it works, the demo names some of it, too.
            string Row(string row) => demo.Lines.Single(line => line.Contains('│') && line.Contains(row));
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }
}
