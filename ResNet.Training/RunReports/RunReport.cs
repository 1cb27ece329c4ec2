namespace ResNet.Training;

/// <summary>What <see cref="HtmlReport"/> tells about a run.</summary>
internal sealed record RunReport
{
    /// <summary>The network.</summary>
    public required ResNetArchitecture Architecture { get; init; }

    /// <summary>The names of the classes, in the order of their numbers.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>The figures of every epoch.</summary>
    public required IReadOnlyList<EpochMetrics> History { get; init; }

    /// <summary>The figures of the network that the run ended with; null without validation images.</summary>
    public ClassificationMetrics? Validation { get; init; }

    /// <summary>The same for a network of several labels an image; else null.</summary>
    public MultiLabelMetrics? LabelValidation { get; init; }

    /// <summary>The images that tell most; null without validation images.</summary>
    public ImageFindings? Findings { get; init; }

    /// <summary>The name of the model file that the run gave; null to leave out how it is used.</summary>
    public string? ModelFile { get; init; }

    /// <summary>The recipe as JSON.</summary>
    public required string Recipe { get; init; }

    /// <summary>The command line that repeats the run; null if it was not started by one.</summary>
    public string? Command { get; init; }

    /// <summary>What the data is called; null if it has no name.</summary>
    public string? DataName { get; init; }

    /// <summary>The number of training images; null if it is not known.</summary>
    public int? TrainingImages { get; init; }

    /// <summary>The number of validation images; null if it is not known.</summary>
    public int? ValidationImages { get; init; }

    /// <summary>How long the run took, resumed parts added up.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>The epoch, from 1, whose network was kept; null if none was chosen.</summary>
    public int? BestEpoch { get; init; }

    /// <summary>What the user should know, such as images that were left out.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What the run was made with (see <see cref="RunEnvironment"/>).</summary>
    public IReadOnlyList<(string What, string Which)> Environment { get; init; } = [];

    /// <summary>When the run ended; null to leave it out.</summary>
    public DateTimeOffset? Finished { get; init; }
}
