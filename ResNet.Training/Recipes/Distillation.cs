namespace ResNet.Training;

/// <summary>
/// How a network learns from another one, its teacher, beside the classes of the images (Hinton et al. 2015, section 2): its scores are
/// to be the teacher's, both divided by a temperature, so that the teacher's doubts count.
/// </summary>
public sealed record Distillation
{
    /// <summary>
    /// What scores are divided by before they become probabilities: above 0; higher ones show more of how the teacher ranks the classes
    /// that it rejects. Default: 4.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not positive.</exception>
    public double Temperature { get; init => field = Guard.Above(value, 0); } = 4;

    /// <summary>
    /// The share of the teacher in the loss, multiplied by the square of the temperature so that its gradients keep their size; the rest is
    /// the loss against the images' classes: above 0, up to 1. Default: 0.5.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is out of that range.</exception>
    public double Weight
    {
        get;
        init => field = value is > 0 and <= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(Weight), value, $"{nameof(Weight)} must be above 0 and at most 1.");
    } = 0.5;
}
