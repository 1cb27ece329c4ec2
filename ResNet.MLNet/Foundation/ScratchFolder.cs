namespace ResNet.MLNet;

/// <summary>A new folder for files of the moment, which only this user can open. It is deleted with what it holds.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("resnet-").FullName;

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // Something holds a file; the system cleans its temporary folder.
        }
    }
}
