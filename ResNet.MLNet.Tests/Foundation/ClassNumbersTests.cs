namespace ResNet.Tests;

/// <summary>Names of classes become their numbers, or are named with the place where they were found.</summary>
[TestClass]
public sealed class ClassNumbersTests
{
    [TestMethod]
    public void Of_equal_names_the_first_one_counts()
    {
        // ImageNet has two classes "crane".
        var numbers = new ClassNumbers(["heron", "crane", "tower", "crane"]);
        CollectionAssert.AreEqual(new[] { 2, 1, 0 }, numbers.GetAll(["tower", "crane", "heron"], "here"));
        Assert.IsNull(numbers.Find("Crane"));
    }

    [TestMethod]
    public void Unknown_classes_are_named_once_with_their_place_and_those_that_are_known()
    {
        var numbers = new ClassNumbers(["cat", "dog"]);
        var one = Assert.ThrowsExactly<InvalidDataException>(() => numbers.GetAll(["cat", "cow", "cow"], "'pets'"));
        Assert.AreEqual("'pets': the class 'cow' is not among those to train on: cat, dog.", one.Message);
        var two = Assert.ThrowsExactly<InvalidDataException>(() => numbers.GetAll(["cow", "dog", "pig"], "'farm'"));
        Assert.AreEqual("'farm': the classes 'cow', 'pig' are not among those to train on: cat, dog.", two.Message);
    }
}
