namespace ResNet.Training;

/// <summary>The loss or the weights are not finite any more; the message says what to try.</summary>
public sealed class TrainingDivergedException(string message) : Exception(message);
