namespace ResNet.Tests;

/// <summary>A network that tells two of the colors of <see cref="ClassFolders"/> apart, to start from.</summary>
internal sealed class TwoColorNetwork : IDisposable
{
    private readonly ClassFolders _folders = new();

    public TwoColorNetwork()
    {
        Directory.Delete(_folders.PathOf("red"), recursive: true);
        ResNetTraining.Run(SmallRun.Options(_folders, SmallRun.Recipe(3)));
    }

    public string Checkpoint => Path.Combine(_folders.Output, "best.safetensors");

    public string Model => Path.Combine(_folders.Output, "model.onnx");

    public void Dispose() => _folders.Dispose();
}
