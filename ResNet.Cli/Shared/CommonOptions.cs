using System.CommandLine;

namespace ResNet.Cli;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    public static Option<string> Model() => new("--model")
    {
        Required = true,
        HelpName = "FILE | NAME",
        Description = "A model file (.onnx), or the name of published weights (`resnet info` lists them).",
    };

    public static Option<ResNetArchitecture?> Architecture(string description) => new("--architecture")
    {
        HelpName = "NAME",
        Description = description,
        CustomParser = result =>
        {
            try
            {
                return ResNetArchitecture.Parse(result.Tokens[0].Value);
            }
            catch (Exception problem) when (problem is FormatException or ArgumentException)
            {
                result.AddError(problem.Message);
                return null;
            }
        },
    };

    public static Option<string?> Entry() => new("--entry")
    {
        HelpName = "NAME",
        Description = "Which network, if a file of weights holds several: state_dict_ema, teacher, ... [default: the only one]",
    };

    public static Option<string> Device() => new("--device")
    {
        HelpName = "NAME",
        Description = "Where to train: auto, cpu, cuda or cuda:N.",
        DefaultValueFactory = _ => "auto",
    };

    /// <summary>A whole number from 1; null if the option is not given.</summary>
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
