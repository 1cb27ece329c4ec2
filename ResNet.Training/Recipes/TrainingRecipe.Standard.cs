namespace ResNet.Training;

/// <content>The standard recipes: the paper's, a newer one, and what is sensible for a network and a number of images.</content>
public sealed partial record TrainingRecipe
{
    private const int PaperImageNetSteps = 600_000, PaperImageNetBatch = 256, PaperCifarSteps = 64_000, PaperCifarBatch = 128;
    private const int FewImages = 2000, MostHeadCrops = 20_000;

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
    /// What is sensible for fine-tuning a trained network for new classes: a new head on cached features of the center, its mirror image
    /// and ten crops (fewer of more than 2,000 images); then, where folds of the training images show that it helps, 5 to 15 epochs
    /// (more for fewer images) of all stages at rates that halve towards the first, batch norm's statistics and the head kept; and an
    /// average with the network that it started from, weighted by the folds. It has the network's own preprocessing.
    /// docs/transfer-learning.md has the experiments behind it.
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
            Epochs = FineTuningEpochs(images),
            BatchSize = images < FewImages ? 16 : 32,
            LearningRate = small ? 0.03 : 0.01,
            Schedule = new LearningRateSchedule.Cosine(),
            ClipNorm = 5,
            Optimizer = new Optimizer.Sgd { Nesterov = true },
            WeightDecay = 0,
            FineTuning = new() { HeadCrops = Math.Clamp(MostHeadCrops / Math.Max(1, images), 0, 10) },
            Augmentation = new Augmentation.RandomResizedCrop(small ? 0.5 : 0.35),
            Keep = KeptEpoch.Last,
        }.WithPreprocessing(preprocessing);
    }

    /// <summary>
    /// A new head for a trained network, and nothing else, in the time that one pass over the images takes.
    /// </summary>
    /// <inheritdoc cref="FineTune"/>
    public static TrainingRecipe Head(ResNetArchitecture architecture, ImagePreprocessing preprocessing, int images) =>
        FineTune(architecture, preprocessing, images).WithEpochs(0);

    private static int FineTuningEpochs(int images) => Math.Clamp((int)Math.Round(190 / Math.Sqrt(Math.Max(1, images))), 5, 15);

    private static int EpochsOf(int steps, int batch, int images)
    {
        var stepsPerEpoch = Math.Ceiling(images / (double)batch);
        return (int)Math.Max(1, Math.Round(steps / stepsPerEpoch));
    }
}
