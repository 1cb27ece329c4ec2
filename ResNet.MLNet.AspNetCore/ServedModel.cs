namespace ResNet.MLNet.AspNetCore;

/// <summary>A model and how many use it, its owner included. It is disposed when the last of them releases it.</summary>
internal sealed class ServedModel(ResNetModel model)
{
    private readonly Lock _lock = new();
    private int _uses = 1;

    public ResNetModel Model { get; } = model;

    /// <summary>Begins a use, which <see cref="Release"/> ends.</summary>
    /// <returns>Whether the model may be used; false once it is disposed.</returns>
    public bool TryUse()
    {
        lock (_lock)
        {
            if (_uses == 0) return false;
            _uses++;
            return true;
        }
    }

    /// <summary>Ends a use, or the owner's hold on it.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (--_uses > 0) return;
        }

        Model.Dispose();
    }
}
