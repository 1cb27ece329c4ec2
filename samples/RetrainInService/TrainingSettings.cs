namespace RetrainInService;

/// <summary>The section Training of the configuration.</summary>
internal sealed class TrainingSettings
{
    /// <summary>Where pictures, the run and its history are kept; relative to the content root.</summary>
    public string Folder { get; set; } = "data";

    /// <summary>
    /// The network that each training starts from: a file, or the name of published weights. It is not the model in use, so that a bad
    /// training spoils no later one.
    /// </summary>
    public string StartFrom { get; set; } = "resnet18";

    /// <summary>Epochs of fine-tuning behind the new head; 0 for the head alone, which takes seconds.</summary>
    public int Epochs { get; set; }

    /// <summary>A training begins by itself when there are as many pictures more than at the last one; 0 for never.</summary>
    public int AfterPictures { get; set; } = 20;
}
