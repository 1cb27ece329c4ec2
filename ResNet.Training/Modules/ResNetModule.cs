using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// The TorchSharp network of an architecture, with torchvision's names: batch norm after each convolution and before ReLU, He
/// initialization, no dropout (He et al. 2015, sections 3.3 and 3.4).
/// </summary>
/// <remarks>
/// Input: normalized pixels, (x / 255 - mean) / std, float32 or bfloat16 [batch, 3, height, width]; a bfloat16 input makes the
/// convolutions run in bfloat16. Output: float32 logits [batch, classes].
/// </remarks>
public sealed class ResNetModule : nn.Module<Tensor, Tensor>
{
    private readonly Convolution _stem;
    private readonly BatchNorm _stemNorm;
    private readonly List<(int Stage, BlockModule Block)> _blocks = [];

    static ResNetModule() => LibTorch.Load();

    /// <summary>Builds the network with fresh weights, on the CPU.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="seed">Seed of the weights; the global random state is left alone.</param>
    /// <exception cref="LibTorchException">libtorch cannot be loaded.</exception>
    /// <exception cref="ArgumentException">The architecture has no classes.</exception>
    public ResNetModule(ResNetArchitecture architecture, long seed = 0)
        : base(nameof(ResNetModule))
    {
        ArgumentNullException.ThrowIfNull(architecture);
        Architecture = architecture;
        using var generator = new Generator((ulong)seed);
        var stem = architecture.StemConvolution;
        register_module(stem.Name, _stem = new Convolution(stem, generator));
        register_module(stem.NormName, _stemNorm = new BatchNorm(stem.OutChannels));
        foreach (var stage in architecture.Blocks.GroupBy(block => block.Stage))
        {
            var blocks = stage.Select(block => new BlockModule(block, generator)).ToArray();
            _blocks.AddRange(blocks.Select(block => (stage.Key, block)));
            register_module($"layer{stage.Key}", nn.ModuleList<nn.Module<Tensor, Tensor>>(blocks));
        }

        if (architecture.Classifier is not { } classifier)
            throw new ArgumentException($"{architecture} has no classifier, so there is nothing to train it for.", nameof(architecture));
        Classifier = nn.Linear(classifier.InFeatures, classifier.OutFeatures);
        register_module(classifier.Name, Classifier);
        using (no_grad())
        {
            // PyTorch's default for a linear layer.
            var bound = 1 / Math.Sqrt(classifier.InFeatures);
            Classifier.weight.uniform_(-bound, bound, generator);
            Classifier.bias!.uniform_(-bound, bound, generator);
        }
    }

    /// <summary>The fully connected layer at the end.</summary>
    internal Linear Classifier { get; }

    /// <summary>What this is the network of.</summary>
    public ResNetArchitecture Architecture { get; }

    /// <summary>
    /// The first part of the network that is trained (see <see cref="StageOf"/>); those before it keep no gradients. Default: 0, all.
    /// </summary>
    internal int FirstTrainedStage { get; private set; }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var features = Features(input);
        return Classifier.forward(features);
    }

    /// <summary>The global average pool: float32 [batch, <see cref="ResNetArchitecture.FeatureCount"/>].</summary>
    /// <param name="input">Normalized pixels, [batch, 3, height, width].</param>
    public Tensor Features(Tensor input)
    {
        using var map = FeatureMap(input);
        return map.mean([2, 3], type: ScalarType.Float32);
    }

    /// <summary>
    /// What the global average pool pools: [batch, <see cref="ResNetArchitecture.FeatureCount"/>, height, width], of the input's type.
    /// </summary>
    internal Tensor FeatureMap(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor value;
        using (FirstTrainedStage > 0 ? no_grad() : null)
        {
            value = _stemNorm.Apply(_stem.forward(input));
            if (Architecture.HasMaxPool) value = nn.functional.max_pool2d(value, 3, 2, 1);
        }

        foreach (var (stage, block) in _blocks)
        {
            using var _ = FirstTrainedStage > stage ? no_grad() : null;
            value = block.forward(value);
        }

        return value.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The part of the network that a parameter belongs to: 0 the first convolution and its batch norm, then the stages from 1, then the
    /// classifier.
    /// </summary>
    internal int StageOf(string parameter)
    {
        if (parameter.StartsWith("layer", StringComparison.Ordinal)) return parameter["layer".Length] - '0';
        return parameter.StartsWith(Architecture.Classifier!.Name + ".", StringComparison.Ordinal) ? Architecture.StageBlocks.Count + 1 : 0;
    }

    /// <summary>Makes the network ready to be trained.</summary>
    /// <param name="keepStatistics">Whether batch norm uses its statistics as they are and leaves them alone everywhere.</param>
    /// <param name="firstTrainedStage">
    /// The first part of the network that is trained, see <see cref="StageOf"/>. Those before it keep no gradients and the statistics of
    /// batch norm.
    /// </param>
    internal void EnterTraining(bool keepStatistics, int firstTrainedStage = 0)
    {
        FirstTrainedStage = firstTrainedStage;
        train();
        if (keepStatistics || FirstTrainedStage > 0) _stemNorm.eval();
        foreach (var (stage, block) in _blocks)
        {
            if (keepStatistics || FirstTrainedStage > stage) block.eval();
        }
    }

    /// <summary>
    /// Gives a network whose batch norm was folded into its weights what it had before, as far as that can be told: filters of about length
    /// 1, as those of trained networks are, so that a learning rate means what it means for them (folded ones differ in length by a factor
    /// of 30 and more, and a step by its square); and the statistics of images. What the network computes in evaluation stays the same.
    /// </summary>
    /// <param name="inputs">Normalized pixels, batch after batch; each is disposed of.</param>
    internal void Unfold(IEnumerable<Tensor> inputs)
    {
        eval();
        ScaleFilters();
        // Those of a shortcut are listed twice.
        var norms = modules().OfType<BatchNorm>().Distinct().ToList();
        norms.ForEach(norm => norm.BeginMeasuring());
        using (no_grad())
        {
            foreach (var input in inputs)
            {
                using (input) Features(input).Dispose();
            }
        }

        // Without an image that can be read, they stay as they are.
        norms.ForEach(norm => norm.EndMeasuring());
    }

    private void ScaleFilters()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var smallest = 1e-12.ToScalar();
        var tensors = NamedTensors();
        foreach (var layer in Architecture.Convolutions)
        {
            var filters = tensors[$"{layer.Name}.weight"];
            var lengths = filters.square().sum([1, 2, 3]).sqrt_();
            lengths = lengths.where(lengths.gt(smallest), ones_like(lengths));
            filters.div_(lengths.view(-1, 1, 1, 1));
            // (w x - mean) / deviation = (w / length x - mean / length) / (deviation / length)
            tensors[$"{layer.NormName}.running_mean"].div_(lengths);
            tensors[$"{layer.NormName}.weight"].mul_(lengths);
        }
    }

    /// <summary>A copy of the weights.</summary>
    public StateDict ToStateDict()
    {
        using var scope = NewDisposeScope();
        var tensors = NamedTensors();
        var weights = new StateDict();
        foreach (var spec in Architecture.Tensors)
            weights.Add(spec.Name, new(spec.Shape, tensors[spec.Name].detach().cpu().contiguous().data<float>().ToArray()));
        return weights;
    }

    /// <summary>Takes over weights; they stay where the parameters are (device, memory format).</summary>
    /// <param name="weights">All the weights of <see cref="Architecture"/>.</param>
    /// <exception cref="InvalidDataException">They do not fit; nothing was changed.</exception>
    public void Load(StateDict weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        weights.EnsureFits(Architecture);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var tensors = NamedTensors();
        foreach (var spec in Architecture.Tensors)
            tensors[spec.Name].copy_(tensor(weights[spec.Name].Values, [.. spec.Shape.Select(size => (long)size)]));
    }

    /// <summary>Parameters and buffers by torchvision's names.</summary>
    private Dictionary<string, Tensor> NamedTensors()
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var (name, parameter) in named_parameters()) tensors.Add(name, parameter);
        foreach (var (name, buffer) in named_buffers()) tensors.Add(name, buffer);
        return tensors;
    }
}
