namespace ResNet.MLNet;

/// <summary>What the parts of split data are called, in folders and in tables.</summary>
internal static class SplitNames
{
    public const string Training = "train", Validation = "val", Test = "test";

    /// <summary>The part that a name stands for, in any case; null if it is no name of a part.</summary>
    public static string? Find(string name) => name.ToLowerInvariant() switch
    {
        "train" or "training" => Training,
        "val" or "valid" or "validation" => Validation,
        "test" or "testing" => Test,
        _ => null,
    };
}
