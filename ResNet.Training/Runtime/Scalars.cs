using TorchSharp;

namespace ResNet.Training;

/// <summary>
/// Numbers that stay alive. TorchSharp makes a native object of every number that is given to a tensor operation and keeps no reference
/// to it during the call, so that a garbage collection on another thread can free the number while it is being read (seen with 0.107.0:
/// wrong values and exceptions under load). Therefore nothing here passes a bare number to a tensor operation, and <c>add_(tensor)</c>,
/// which does it inside, is given <see cref="One"/>.
/// </summary>
internal static class Scalars
{
    /// <summary>1, as PyTorch's <c>alpha</c>.</summary>
    public static readonly Scalar One = 1.ToScalar();
}
