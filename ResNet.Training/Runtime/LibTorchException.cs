namespace ResNet.Training;

/// <summary>libtorch cannot be loaded; the message says what is missing and what to do.</summary>
public sealed class LibTorchException(string message, Exception? inner = null) : Exception(message, inner);
