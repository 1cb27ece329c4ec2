namespace ResNet.Cli;

/// <summary>What the `resnet` command returns to the shell.</summary>
internal static class ExitCode
{
    public const int Done = 0, Failed = 1, WrongUsage = 2;
}
