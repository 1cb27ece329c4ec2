namespace ResNet.Training;

/// <summary>The loss or the weights are not finite any more; the message says what to try.</summary>
public sealed class TrainingDivergedException(string message) : Exception(message)
{
    /// <summary>Throws if a run is lost.</summary>
    /// <param name="isFinite">Whether losses and weights are finite.</param>
    /// <param name="recipe">The recipe of the run.</param>
    /// <param name="state">Where it stands.</param>
    internal static void ThrowUnless(bool isFinite, TrainingRecipe recipe, TrainingState state)
    {
        if (isFinite) return;
        throw new TrainingDivergedException(
            $"Loss or weights are not finite any more, in epoch {state.Epoch + 1} after batch {state.Batch}. " +
            $"Try a lower learning rate (it is {recipe.LearningRate}), a longer warm-up, " +
            $"gradients of limited length ({nameof(TrainingRecipe.ClipNorm)}), more images at a time, " +
            $"or {nameof(TrainingPrecision.Float32)}. The last checkpoint, if there is one, is from before that.");
    }
}
