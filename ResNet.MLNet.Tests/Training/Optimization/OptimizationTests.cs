using ResNet.MLNet;
using ResNet.Training;
using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>Steps and schedules are PyTorch's.</summary>
[TestClass]
public sealed class OptimizationTests
{
    [TestMethod]
    public void One_cycle_is_that_of_PyTorch()
    {
        // torch.optim.lr_scheduler.OneCycleLR(max_lr=1, total_steps=1001), PyTorch 1.13, whose peak lies one step before 0.3 of them.
        var schedule = new LearningRateSchedule.OneCycle();
        foreach (var (done, expected) in new[] { (0.0, 0.04), (0.1, 0.281019), (0.299, 0.999998), (0.5, 0.810869), (0.75, 0.282556), (1.0, 4e-6) })
            Assert.AreEqual(expected, schedule.FactorAt(done, []), 3e-3);
    }

    [TestMethod]
    public void Steps_are_those_of_the_paper_and_a_cosine_warms_up_and_ends_at_zero()
    {
        var steps = new LearningRateSchedule.Steps();
        CollectionAssert.AreEqual(new[] { 1.0, 1.0, 0.1, 0.1, 0.01 }, new[] { 0, 0.499, 0.5, 0.749, 0.75 }.Select(done => steps.FactorAt(done, [])).Select(value => Math.Round(value, 9)).ToList());
        var cosine = new LearningRateSchedule.Cosine { WarmUp = 0.1 };
        CollectionAssert.AreEqual(new[] { 0.01, 0.5, 1, 0.5, 0 }, new[] { 0, 0.05, 0.1, 0.55, 1 }.Select(done => cosine.FactorAt(done, [])).Select(value => Math.Round(value, 9)).ToList());
    }

    [TestMethod]
    public void Flat_steps_give_what_TorchSharps_own_SGD_gives()
    {
        using var scope = NewDisposeScope();
        var architecture = ResNetArchitecture.Parse("cifar-resnet8:width=4", classes: 5);
        var (flat, plain) = (new ResNetModule(architecture, seed: 3), new ResNetModule(architecture, seed: 3));
        using var parameters = new FlatParameters(flat);
        using var optimizer = new Optimizer.Sgd().Start(parameters, weightDecay: 0.01);
        using var peer = optim.SGD(plain.parameters(), learningRate: 0.05, momentum: 0.9, weight_decay: 0.01);
        using var generator = new Generator(7);
        for (var step = 0; step < 4; step++)
        {
            var images = randn([6, 3, 16, 16], generator: generator);
            var targets = randint(5, [6], dtype: int64, generator: generator);
            nn.functional.cross_entropy(flat.forward(images), targets).backward();
            optimizer.Step(step + 1, _ => 0.05);
            peer.zero_grad();
            nn.functional.cross_entropy(plain.forward(images), targets).backward();
            peer.step();
        }

        foreach (var ((name, tensor), other) in flat.ToStateDict().Zip(plain.ToStateDict().Values))
        {
            var scale = other.Values.Max(Math.Abs);
            for (var i = 0; i < other.Values.Length; i++) Assert.AreEqual(other.Values[i], tensor.Values[i], 1e-4f * scale, name);
        }
    }
}
