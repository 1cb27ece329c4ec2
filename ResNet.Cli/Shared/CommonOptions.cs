using System.CommandLine;

namespace ResNet.Cli;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    public static Option<string> Model() => new("--model") { Required = true, HelpName = "FILE | NAME", Description = "The model file (.onnx), or published weights (`resnet info` lists them)." };

    public static Option<ResNetArchitecture?> Architecture(ResNetArchitecture? standard, string description) => new("--architecture")
    {
        HelpName = "NAME",
        Description = description,
        DefaultValueFactory = _ => standard,
        CustomParser = result =>
        {
            try
            {
                return ResNetArchitecture.Parse(result.Tokens[0].Value);
            }
            catch (Exception problem) when (problem is FormatException or ArgumentException)
            {
                result.AddError(problem.Message);
                return standard;
            }
        },
    };

    public static Option<long> Seed() => new("--seed") { HelpName = "N", Description = "Seed of everything random.", DefaultValueFactory = _ => 0 };

    public static Option<string> Device() => new("--device") { HelpName = "NAME", Description = "Where to train: auto, cpu, cuda or cuda:N.", DefaultValueFactory = _ => "auto" };

    /// <summary>A number above 0.</summary>
    public static Option<int?> Positive(string name, string description)
    {
        var option = new Option<int?>(name) { HelpName = "N", Description = description };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1) result.AddError($"{name} must be 1 or more.");
        });
        return option;
    }
}
