namespace ResNet.Tests;

/// <summary>docs/commands.md says what the commands say.</summary>
[TestClass]
public sealed class CommandReferenceTests
{
    /// <summary>Set, it lets tests write anew what is made from the code.</summary>
    private const string RefreshVariable = "RESNET_REFRESH";

    [TestMethod]
    public void The_reference_of_the_commands_is_what_the_code_says()
    {
        var path = Repository.PathOf("docs", "commands.md");
        var page = CommandReference.Of(ResNet.Cli.Program.CreateRoot());
        if (Environment.GetEnvironmentVariable(RefreshVariable) is not null) File.WriteAllText(path, page);
        Assert.AreEqual(File.ReadAllText(path), page, $"{RefreshVariable}=1 dotnet test writes the page anew.");
    }
}
