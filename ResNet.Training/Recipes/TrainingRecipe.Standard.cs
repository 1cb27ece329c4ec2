namespace ResNet.Training;

/// <content>The standard recipes: the paper's, a newer one, and what is sensible for a network and a number of images.</content>
public sealed partial record TrainingRecipe
{
    private const int PaperImageNetSteps = 600_000, PaperImageNetBatch = 256, PaperCifarSteps = 64_000, PaperCifarBatch = 128;

    // The paper subtracts a mean and divides by nothing. Whether pixels are 0 to 1 or 0 to 255 makes no difference: batch norm behind the
    // first convolution divides it out.
    private static readonly Rgb Undivided = new(1, 1, 1);

    /// <summary>
    /// The paper's recipe for ImageNet (He et al. 2015, section 3.4): batches of 256, rate 0.1 divided by 10 when the error plateaus, up to
    /// 600,000 steps; shorter side of 256 to 480 pixels, random crop of 224, flip, color; the mean of each pixel subtracted.
    /// </summary>
    /// <param name="images">The number of training images.</param>
    public static TrainingRecipe PaperImageNet(int images) => new()
    {
        BatchSize = PaperImageNetBatch,
        Epochs = EpochsOf(PaperImageNetSteps, PaperImageNetBatch, images),
        LearningRate = 0.1,
        Schedule = new LearningRateSchedule.Plateau(),
        WeightDecay = 1e-4,
        Augmentation = new Augmentation.Sequence([new Augmentation.RandomScaleCrop(), new Augmentation.PcaColor()]),
        Preprocessing = ImagePreprocessing.ImageNet with { Std = Undivided },
        PerPixelMean = true,
        Keep = KeptEpoch.Last,
    };

    /// <summary>
    /// The paper's recipe for CIFAR-10 (He et al. 2015, section 4.2): batches of 128, rate 0.1 divided by 10 at 32,000 and 48,000 of 64,000
    /// steps, the mean of each pixel subtracted, padding of 4, crop, flip.
    /// </summary>
    /// <param name="images">The number of training images.</param>
    public static TrainingRecipe PaperCifar(int images) => new()
    {
        BatchSize = PaperCifarBatch,
        Epochs = EpochsOf(PaperCifarSteps, PaperCifarBatch, images),
        LearningRate = 0.1,
        Schedule = new LearningRateSchedule.Steps(),
        WeightDecay = 1e-4,
        Augmentation = new Augmentation.PadCropFlip(),
        Preprocessing = ImagePreprocessing.Small(32) with { Std = Undivided },
        PerPixelMean = true,
        Keep = KeptEpoch.Last,
    };

    /// <summary>
    /// Long training from scratch with what has proved itself since the paper: Nesterov momentum, a cosine with warm-up, no decay of batch
    /// norm and biases, label smoothing, TrivialAugment, mixup and CutMix, random erasing, averaged weights.
    /// </summary>
    /// <param name="architecture">The network.</param>
    /// <param name="images">The number of training images.</param>
    public static TrainingRecipe Modern(ResNetArchitecture architecture, int images)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        Augmentation crop = architecture.Stem == StemKind.Cifar ? new Augmentation.PadCropFlip() : new Augmentation.RandomResizedCrop();
        return For(architecture, images) with
        {
            Epochs = 100,
            Optimizer = new Optimizer.Sgd { Nesterov = true },
            Schedule = new LearningRateSchedule.Cosine(),
            DecayNormAndBias = false,
            LabelSmoothing = 0.1,
            Augmentation = new Augmentation.Sequence([crop, new Augmentation.TrivialAugment(), new Augmentation.RandomErasing(0.1)]),
            Mixing = new() { MixUp = 0.2, CutMix = 1 },
            EmaDecay = 0.999,
        };
    }

    /// <summary>
    /// What is sensible for a network and a number of images: 32x32 pixels, pad-crop-flip and batches of up to 128 for the CIFAR networks;
    /// 224x224, random resized crops and batches of up to 32 for the others. Fewer images make smaller batches (down to 8), for about 100
    /// steps an epoch, and batches below 64 a learning rate in proportion.
    /// </summary>
    /// <param name="architecture">The network.</param>
    /// <param name="images">The number of training images.</param>
    public static TrainingRecipe For(ResNetArchitecture architecture, int images)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        var small = architecture.Stem == StemKind.Cifar;
        var batch = Math.Clamp(images / 100, 8, small ? 128 : 32);
        return new()
        {
            BatchSize = batch,
            LearningRate = 0.1 * Math.Min(1, batch / 64.0),
            Preprocessing = ImagePreprocessing.For(architecture),
            Augmentation = small ? new Augmentation.PadCropFlip() : new Augmentation.RandomResizedCrop(),
        };
    }

    /// <summary>
    /// What is sensible for fine-tuning a trained network for new classes: a new head on cached features, then 20 epochs in which the
    /// stages are released one by one from the last to the first, at rates that halve towards it, batch norm's statistics kept, with the
    /// network's own preprocessing.
    /// </summary>
    /// <param name="architecture">The trained network.</param>
    /// <param name="preprocessing">How it was trained to see its images.</param>
    /// <param name="images">The number of training images.</param>
    public static TrainingRecipe FineTune(ResNetArchitecture architecture, ImagePreprocessing preprocessing, int images)
    {
        ArgumentNullException.ThrowIfNull(architecture);
        ArgumentNullException.ThrowIfNull(preprocessing);
        var small = architecture.Stem == StemKind.Cifar;
        return new TrainingRecipe
        {
            Epochs = 20,
            BatchSize = Math.Clamp(images / 50, 8, 32),
            LearningRate = small ? 0.03 : 0.01,
            ClipNorm = 5,
            Optimizer = new Optimizer.Sgd { Nesterov = true },
            LabelSmoothing = 0.1,
            FineTuning = new(),
            Augmentation = new Augmentation.RandomResizedCrop(small ? 0.5 : 0.35),
        }.WithPreprocessing(preprocessing);
    }

    private static int EpochsOf(int steps, int batch, int images)
    {
        var stepsPerEpoch = Math.Ceiling(images / (double)batch);
        return (int)Math.Max(1, Math.Round(steps / stepsPerEpoch));
    }
}
