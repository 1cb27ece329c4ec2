namespace ResNet.Tests;

/// <summary>What `resnet import` says of weights from elsewhere.</summary>
[TestClass]
public sealed class ImportCommandTests
{
    [TestMethod]
    public void Of_a_teacher_and_a_student_the_option_chooses_and_what_is_left_out_is_said()
    {
        using var folder = new TemporaryFolder();
        var architecture = ResNetArchitecture.Parse("cifar-resnet8:width=2");
        var (student, teacher) = (RandomWeights.For(architecture), RandomWeights.For(architecture, seed: 2));
        teacher.Add("criterion.weight", new([10], new float[10]));
        TorchFile.Save(folder.PathOf("w.pth"), new (string, object?)[] { ("student", student), ("teacher", teacher) });
        string[] import = ["import", "--weights", folder.PathOf("w.pth"), "--output", folder.PathOf("m.onnx")];
        StringAssert.Contains(Command.Resnet(import).Errors, "'student', 'teacher'");
        var chosen = Command.Resnet([.. import, "--entry", "teacher"]);
        Assert.AreEqual(0, chosen.ExitCode, chosen.Errors);
        StringAssert.Contains(chosen.Errors, "Left out, as not the network's: criterion.weight.");
    }
}
