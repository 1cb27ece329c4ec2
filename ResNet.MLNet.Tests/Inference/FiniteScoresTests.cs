using Microsoft.ML;
using Microsoft.ML.Data;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>A network whose scores are not finite is an error, whoever asks, and not a class with some probability.</summary>
[TestClass]
public sealed class FiniteScoresTests
{
    [TestMethod]
    public void Scores_that_are_not_finite_are_an_error_that_names_model_and_image()
    {
        using var world = new ImageWorld(images: 2);
        BreakWeights(world);
        using var model = ResNetModel.Open(world.ModelFile);
        AssertNamed(Assert.ThrowsExactly<InvalidDataException>(() => model.Run(world.Paths[0])));
        AssertNamed(Assert.ThrowsExactly<InvalidDataException>(() => model.Classify(world.Paths[0])));
        // Features are before the weight that is broken.
        Assert.IsTrue(Array.TrueForAll(model.Run(world.Paths[0], ResNetOutput.Features), float.IsFinite));

        // Only images that cannot be read are marked.
        var options = new ResNetEstimator.Options
        {
            Model = world.ModelFile,
            Output = ResNetOutput.Logits,
            OutputColumnName = "Score",
            InputColumnName = "ImagePath",
            OnBadImage = BadImagePolicy.Mark,
        };
        using var fitted = world.Context.Transforms.ApplyResNet(options).Fit(world.Data());
        var pass = Assert.Throws<Exception>(() => fitted.Transform(world.Data()).GetColumn<float[]>("Score").ToList());
        AssertNamed(pass.GetBaseException());
        var missing = world.Data([world.PathOf("missing.png")]);
        Assert.IsTrue(fitted.Transform(missing).GetColumn<float[]>("Score").Single().All(float.IsNaN));

        var predict = Command.Resnet("predict", "--model", world.ModelFile, world.Paths[0]);
        Assert.AreEqual(1, predict.ExitCode);
        StringAssert.Contains(predict.Errors, "not finite");

        void AssertNamed(Exception problem)
        {
            StringAssert.Contains(problem.Message, "not finite");
            StringAssert.Contains(problem.Message, world.ModelFile);
            StringAssert.Contains(problem.Message, world.Paths[0]);
        }
    }

    /// <summary>Makes one of the head's numbers infinite, as a program could that writes its own digest.</summary>
    private static void BreakWeights(ImageWorld world)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(world.ModelFile));
        var bias = model.Graph.Initializer.Single(tensor => tensor.Name == "fc.bias");
        var bytes = bias.RawData.ToByteArray();
        BitConverter.TryWriteBytes(bytes, float.PositiveInfinity);
        bias.RawData = Google.Protobuf.ByteString.CopyFrom(bytes);
        File.WriteAllBytes(world.ModelFile, ModelFile.ToBytes(model));
    }
}
