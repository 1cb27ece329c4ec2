namespace ResNet.Training;

/// <summary>A step does not fit in the memory of the device; the message says what would.</summary>
public sealed class DeviceMemoryException(string message, Exception? inner = null) : Exception(message, inner);
