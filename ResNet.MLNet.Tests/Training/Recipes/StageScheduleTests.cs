namespace ResNet.Tests;

/// <summary>When the stages of a network are released, and at which learning rates, is arithmetic on the recipe.</summary>
[TestClass]
public sealed class StageScheduleTests
{
    private const int Batches = 10, Head = 5;

    /// <summary>Four stages: the parts are 0 the stem, 1 to 4 the stages, 5 the head.</summary>
    private static readonly ResNetArchitecture Network = ResNetArchitecture.ResNet18;

    [TestMethod]
    public void Without_fine_tuning_all_of_the_network_is_trained_alike()
    {
        var schedule = Schedule(null);
        for (var part = 0; part <= Head; part++)
        {
            Assert.AreEqual(0, schedule.FirstTrained(epoch: 0));
            Assert.AreEqual(1, schedule.FactorOf(part, epoch: 0));
            Assert.AreEqual(0, schedule.StepsBefore(part));
        }
    }

    [TestMethod]
    [DataRow(1, "4 3 2 1 0 0 0")]
    [DataRow(2, "4 4 3 3 2 2 1")]
    [DataRow(0, "0 0 0 0 0 0 0")]
    public void Stages_are_released_from_the_last_to_the_first(int epochsPerStage, string expected)
    {
        var schedule = Schedule(new() { EpochsPerStage = epochsPerStage });
        Assert.AreEqual(expected, string.Join(' ', Enumerable.Range(0, 7).Select(schedule.FirstTrained)));
    }

    [TestMethod]
    public void The_learning_rate_falls_by_the_factor_from_stage_to_stage_and_is_0_before_the_release()
    {
        var schedule = Schedule(new() { EpochsPerStage = 1, StageLearningRateFactor = 0.5, HeadLearningRateFactor = 0.25 });
        CollectionAssert.AreEqual(new[] { 0, 0, 0, 0.5, 1, 0.25 }, FactorsIn(epoch: 1));
        CollectionAssert.AreEqual(new[] { 1 / 16.0, 0.125, 0.25, 0.5, 1, 0.25 }, FactorsIn(epoch: 4));

        double[] FactorsIn(int epoch) => [.. Enumerable.Range(0, Head + 1).Select(part => schedule.FactorOf(part, epoch))];
    }

    [TestMethod]
    public void A_part_is_released_with_the_first_step_of_the_epoch_in_which_it_is_trained_first()
    {
        var schedule = Schedule(new() { EpochsPerStage = 3, HeadLearningRateFactor = 1 });
        for (var part = 0; part <= Head; part++)
        {
            var first = Enumerable.Range(0, 20).First(epoch => schedule.FactorOf(part, epoch) > 0);
            Assert.AreEqual(first * Batches, schedule.StepsBefore(part), $"part {part}");
        }
    }

    private static StageSchedule Schedule(FineTuning? fineTuning) => new(new() { FineTuning = fineTuning }, Network, Batches);
}
