namespace ResNet.Tests;

[TestClass]
public sealed class AccuracyRemarksTests
{
    private static readonly string[] Labels = ["blue", "red"];

    [TestMethod]
    public void A_network_that_did_not_learn_is_said_so_with_what_to_check()
    {
        // 60 of 100 images are red; always red is as good as 62 % is.
        var remarks = AccuracyRemarks.On(Figures(0.62), Labels, choseEpoch: false);
        Assert.HasCount(1, remarks);
        foreach (var part in new[] { "100 validation images", "did not learn", "'red'", "labels", "learning rate" })
            StringAssert.Contains(remarks[0], part);
        Assert.IsEmpty(AccuracyRemarks.On(Figures(0.9), Labels, choseEpoch: false));
    }

    [TestMethod]
    public void Images_that_chose_the_epoch_are_named_as_such_and_so_is_their_absence()
    {
        StringAssert.Contains(AccuracyRemarks.On(Figures(0.9), Labels, choseEpoch: true).Single(), "slightly too high");
        StringAssert.Contains(AccuracyRemarks.On(null, Labels, choseEpoch: false).Single(), "no validation images");
    }

    [TestMethod]
    public void Several_labels_have_no_majority_class()
    {
        Evaluation labels = new(null, new MultiLabelMetrics(100, 0.5, []));
        Assert.IsEmpty(AccuracyRemarks.On(labels, Labels, choseEpoch: false));
    }

    private static Evaluation Figures(double top1) =>
        new(new ClassificationMetrics(100, 0.5, top1, null, new[,] { { 40, 0 }, { 0, 60 } }), null);
}
