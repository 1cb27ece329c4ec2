namespace BatchJob;

/// <summary>A row of the pipeline's source.</summary>
internal class Picture
{
    public string ImagePath { get; set; } = "";
}

/// <summary>A row with what the network gives: features or probabilities.</summary>
internal class ScoredPicture : Picture
{
    public float[] Scores { get; set; } = [];
}

/// <summary>A row with the most probable class, too.</summary>
internal sealed class ClassifiedPicture : ScoredPicture
{
    public string Label { get; set; } = "";
}
