namespace ResNet.Training;

/// <summary>
/// Which pixels of an image at its final size an augmented image shows, so that a mean image can be subtracted as if that had been done
/// before: pixel (x, y) is pixel (x + Left, y + Top), or nothing where that is outside; if it is mirrored, x counts from the right.
/// </summary>
/// <param name="Left">The first column.</param>
/// <param name="Top">The first row.</param>
/// <param name="IsMirrored">Whether it is mirrored, left and right, after that.</param>
internal readonly record struct Placement(int Left, int Top, bool IsMirrored);
