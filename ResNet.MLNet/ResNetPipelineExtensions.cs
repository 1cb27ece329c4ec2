using ResNet.MLNet;

namespace Microsoft.ML;

/// <summary>Settings of a trained or loaded model that has a ResNet in it, alone or in a chain of transformers.</summary>
public static class ResNetPipelineExtensions
{
    /// <summary>
    /// Sets the folder that relative paths of images start from. A saved model has none, because the machine that loads it has its own:
    /// <c>var model = mlContext.Model.Load("model.zip", out _); model.SetImageFolder("photos");</c>
    /// </summary>
    /// <param name="model">The model. Every ResNet in it gets the folder; prediction engines are made afterwards.</param>
    /// <param name="folder">The folder; null for the current folder.</param>
    /// <exception cref="ArgumentException">There is no ResNet in the model.</exception>
    public static void SetImageFolder(this ITransformer model, string? folder)
    {
        ArgumentNullException.ThrowIfNull(model);
        var networks = ResNetsOf(model).ToList();
        if (networks.Count == 0) throw new ArgumentException("There is no ResNetTransformer in the model.", nameof(model));
        foreach (var network in networks) network.ImageFolder = folder;
    }

    private static IEnumerable<ResNetTransformer> ResNetsOf(ITransformer model) => model switch
    {
        ResNetTransformer network => [network],
        IEnumerable<ITransformer> chain => chain.SelectMany(ResNetsOf),
        _ => [],
    };
}
