using System.CommandLine;
using System.Text.RegularExpressions;

namespace ResNet.Cli;

/// <summary>Options that several commands have.</summary>
internal static partial class CommonOptions
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

    public static Option<string> Device()
    {
        var option = new Option<string>("--device")
        {
            HelpName = "NAME",
            Description = "Where to train: auto, cpu, cuda or cuda:N.",
            DefaultValueFactory = _ => "auto",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && !DeviceName().IsMatch(name))
                result.AddError($"'{name}' is not a device: --device must be auto, cpu, cuda or cuda:N.");
        });
        return option;
    }

    /// <summary>A whole number from 1 or more; null if the option is not given.</summary>
    public static Option<int?> Positive(string name, string description, int minimum = 1, int maximum = int.MaxValue)
    {
        var option = new Option<int?>(name) { HelpName = "N", Description = description };
        option.Validators.Add(result =>
        {
            var value = result.GetValueOrDefault<int?>();
            var range = maximum == int.MaxValue ? $"{minimum} or more" : $"{minimum} to {maximum}";
            if (value < minimum || value > maximum) result.AddError($"{name} must be {range}.");
        });
        return option;
    }

    /// <summary>Refuses a folder as the file to write, before the work whose result it would get.</summary>
    public static Option<T> RefuseFolder<T>(this Option<T> option)
        where T : class?
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && Directory.Exists(token.Value))
                result.AddError($"{option.Name}: '{token.Value}' is a folder. Name the file to write.");
        });
        return option;
    }

    [GeneratedRegex(@"^(auto|cpu|cuda(:\d+)?)$")]
    private static partial Regex DeviceName();
}
