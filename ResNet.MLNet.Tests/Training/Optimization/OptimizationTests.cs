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
        double[] shares = [0, 0.1, 0.299, 0.5, 0.75, 1];
        double[] expected = [0.04, 0.281019, 0.999998, 0.810869, 0.282556, 4e-6];
        foreach (var (done, factor) in shares.Zip(expected)) Assert.AreEqual(factor, schedule.FactorAt(done, []), 3e-3);
    }

    [TestMethod]
    public void Steps_are_those_of_the_paper_and_a_cosine_warms_up_and_ends_at_zero()
    {
        var steps = new LearningRateSchedule.Steps();
        AssertFactors([1, 1, 0.1, 0.1, 0.01], steps, [0, 0.499, 0.5, 0.749, 0.75]);
        var cosine = new LearningRateSchedule.Cosine { WarmUp = 0.1 };
        AssertFactors([0.01, 0.5, 1, 0.5, 0], cosine, [0, 0.05, 0.1, 0.55, 1]);

        static void AssertFactors(double[] expected, LearningRateSchedule schedule, double[] shares) =>
            CollectionAssert.AreEqual(expected, shares.Select(done => Math.Round(schedule.FactorAt(done, []), 9)).ToList());
    }

    [TestMethod]
    public void A_plateau_lowers_the_rate_when_the_loss_has_not_fallen_for_some_epochs()
    {
        var plateau = new LearningRateSchedule.Plateau { Patience = 2 };
        double[] losses = [1, 0.8, 0.9, 0.85, 0.8, 0.7, 0.71, 0.72, 0.73, 0.74];
        List<EpochMetrics> history = [];
        List<double> factors = [plateau.FactorAt(0, history)];
        foreach (var loss in losses)
        {
            history.Add(new() { Epoch = history.Count + 1, TrainingLoss = 9, ValidationLoss = loss });
            factors.Add(Math.Round(plateau.FactorAt(0, history), 6));
        }

        // 0.8 is best until three epochs without progress have passed, 0.7 until three more have.
        CollectionAssert.AreEqual(new[] { 1, 1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.01, 0.01 }, factors);
    }

    [TestMethod]
    [DataRow("""{"type":"plateau","patience":0}""", "Patience")]
    [DataRow("""{"type":"plateau","factor":0}""", "Factor")]
    [DataRow("""{"type":"plateau","threshold":2}""", "Threshold")]
    [DataRow("""{"type":"steps","factor":-1}""", "Factor")]
    [DataRow("""{"type":"steps","at":[0.5,1.5]}""", "At")]
    [DataRow("""{"type":"steps","at":[0.75,0.5]}""", "At")]
    [DataRow("""{"type":"steps","at":null}""", "At")]
    [DataRow("""{"type":"cosine","warmUp":1}""", "WarmUp")]
    [DataRow("""{"type":"oneCycle","peak":1}""", "Peak")]
    public void A_schedule_with_a_value_out_of_its_range_is_refused_by_file_and_property(string schedule, string property)
    {
        using var folder = new TemporaryFolder();
        var path = folder.PathOf("recipe.json");
        File.WriteAllText(path, $$"""{"schedule":{{schedule}}}""");
        var message = Assert.ThrowsExactly<InvalidDataException>(() => TrainingRecipe.Read(path)).Message;
        StringAssert.Contains(message, path);
        StringAssert.Contains(message, property);
    }

    [TestMethod]
    public void A_schedule_in_code_is_refused_too()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LearningRateSchedule.Plateau { Patience = 0 });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LearningRateSchedule.Cosine { WarmUp = -0.1 });
        Assert.ThrowsExactly<ArgumentException>(() => new LearningRateSchedule.Steps { At = [0.5, 0.5] });
    }

    [TestMethod]
    [DataRow("momentum")]
    [DataRow("nesterov")]
    [DataRow("adamw")]
    public void Flat_steps_give_what_TorchSharps_own_optimizers_give(string which)
    {
        using var scope = NewDisposeScope();
        var (flat, plain) = (new ResNetModule(Architecture, seed: 3), new ResNetModule(Architecture, seed: 3));
        using var parameters = new FlatParameters(flat);
        Optimizer ours = which == "adamw" ? new Optimizer.AdamW() : new Optimizer.Sgd { Nesterov = which == "nesterov" };
        using var optimizer = ours.Start(parameters, weightDecay: 0.01);
        using optim.Optimizer peer = which == "adamw"
            ? optim.AdamW(plain.parameters(), lr: 0.05, weight_decay: 0.01)
            : optim.SGD(plain.parameters(), learningRate: 0.05, momentum: 0.9, weight_decay: 0.01, nesterov: which == "nesterov");
        using var generator = new Generator(7);
        for (var step = 0; step < 4; step++)
        {
            var (images, targets) = Batch(generator, 6);
            nn.functional.cross_entropy(flat.forward(images), targets).backward();
            optimizer.Step(step + 1, _ => 0.05);
            peer.zero_grad();
            nn.functional.cross_entropy(plain.forward(images), targets).backward();
            peer.step();
        }

        // Adam divides by the root of squares: what is nearly nothing in both need not agree in its sign.
        var tolerance = which == "adamw" ? 0.02f : 1e-4f;
        foreach (var ((name, tensor), other) in flat.ToStateDict().Zip(plain.ToStateDict().Values))
        {
            var scale = other.Values.Max(Math.Abs);
            for (var i = 0; i < other.Values.Length; i++) Assert.AreEqual(other.Values[i], tensor.Values[i], tolerance * scale, name);
        }
    }

    [TestMethod]
    public void Weight_decay_may_leave_out_batch_norm_and_biases()
    {
        using var network = new ResNetModule(Architecture, seed: 3);
        using var parameters = new FlatParameters(network, decayNormAndBias: false);
        using var optimizer = new Optimizer.Sgd().Start(parameters, weightDecay: 0.1);
        var before = network.ToStateDict();
        optimizer.Step(1, _ => 1);
        foreach (var (name, tensor) in network.ToStateDict())
        {
            var factor = tensor.Shape.Count > 1 ? 0.9f : 1;
            foreach (var (old, value) in before[name].Values.Zip(tensor.Values)) Assert.AreEqual(factor * old, value, 1e-6f, name);
        }
    }

    [TestMethod]
    public void The_average_follows_the_weights_and_exchanging_twice_changes_nothing()
    {
        using var network = new ResNetModule(Architecture, seed: 3);
        using var parameters = new FlatParameters(network);
        using var average = new ExponentialMovingAverage(parameters, decay: 0.9);
        var start = parameters.Weights.data<float>().ToArray();
        using (no_grad()) parameters.Weights.zero_();
        // Step 1 keeps 2/11, step 1000 as much as the decay says.
        average.Update(1);
        average.Update(1000);
        average.Exchange();
        var averaged = parameters.Weights.data<float>().ToArray();
        foreach (var (old, value) in start.Zip(averaged)) Assert.AreEqual(old * 2 / 11 * 0.9f, value, 1e-6f);
        average.Exchange();
        Assert.AreEqual(0, parameters.Weights.abs().max().item<float>());
    }

    private static ResNetArchitecture Architecture => ResNetArchitecture.Parse("cifar-resnet8:width=4", classes: 5);

    /// <summary>
    /// Channels last in memory, as in training. In the other layout libtorch 2.10 is wrong where a processor hides its caches.
    /// </summary>
    private static (Tensor Images, Tensor Targets) Batch(Generator generator, int count) =>
        (randn([count, 16, 16, 3], generator: generator).permute(0, 3, 1, 2), randint(5, [count], dtype: int64, generator: generator));
}
