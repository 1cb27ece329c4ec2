using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// One step of training and all that it changes: forward, loss, backward, clipping, the optimizer, the averaged weights. The loop says when
/// and with which learning rate.
/// </summary>
internal sealed partial class TrainingStep : IDisposable
{
    private const int MixingPurpose = 3;
    private const double ClipEpsilon = 1e-6;

    private readonly TrainingRecipe _recipe;
    private readonly Teacher? _teacher;
    private readonly Scalar? _clip;
    private readonly Scalar _clipEpsilon = ClipEpsilon.ToScalar();
    private readonly Tensor _loss, _correct;
    private bool _isAveraged;

    /// <summary>Moves the network to the device and takes charge of it.</summary>
    /// <param name="network">The network; disposed with this.</param>
    /// <param name="recipe">How it is trained.</param>
    /// <param name="device">Where.</param>
    /// <param name="classCounts">The number of training images of each class, where the recipe makes up for rare ones.</param>
    /// <param name="teacher">What the network learns from beside the classes; disposed with this. Null for nothing.</param>
    public TrainingStep(
        ResNetModule network, TrainingRecipe recipe, Device device, IReadOnlyList<int>? classCounts = null, Teacher? teacher = null)
    {
        _teacher = teacher;
        (Network, _recipe) = (network, recipe);
        CudaSettings.Apply(device, recipe.Precision);
        network.to(device);
        Parameters = new(network, recipe.FineTuning is null ? null : network.StageOf, recipe.DecayNormAndBias);
        Optimizer = recipe.Optimizer.Start(Parameters, recipe.WeightDecay);
        if (recipe.EmaDecay is { } decay) Average = new(Parameters, decay);
        if (recipe.FineTuning is not null) FromStart = new(Parameters);
        Input = new(recipe.Preprocessing, recipe.Precision, device);
        if (recipe.ClipNorm is { } clip) _clip = clip.ToScalar();
        Loss = new(recipe, classCounts, device);
        (_loss, _correct) = (zeros(1, float64, device), zeros(1, int64, device));
    }

    public ResNetModule Network { get; }

    public FlatParameters Parameters { get; }

    public OptimizerState Optimizer { get; }

    /// <summary>The averaged weights; null where the recipe has none.</summary>
    public ExponentialMovingAverage? Average { get; }

    /// <summary>The average with the weights that fine-tuning started with; null where the recipe does not fine-tune.</summary>
    public StartAverage? FromStart { get; }

    public DeviceInput Input { get; }

    public TrainingLoss Loss { get; }

    /// <summary>Trains on a batch.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="number">The number of this step in the run, from 1.</param>
    /// <param name="rateOf">The learning rate of a group of parameters.</param>
    /// <param name="stepsBefore">The steps of the run before a group began to learn; null for none.</param>
    public void Run(
        Batch batch, int epoch, long number, Func<ParameterGroup, double> rateOf, Func<ParameterGroup, long>? stepsBefore = null)
    {
        using var scope = NewDisposeScope();
        var (images, targets) = Input.Load(batch);
        Mixture? mixture = null;
        if (_recipe.Mixing is { } mixing)
        {
            var random = new SeededRandom(_recipe.Seed, MixingPurpose, epoch, batch.Index);
            mixture = mixing.Draw(ref random, _recipe.Preprocessing.Crop);
            mixture?.Apply(images);
        }

        var taught = _teacher?.Load(batch, mixture);
        // A batch that would not fit in memory is worked on in parts whose gradients add up to the whole one's.
        var parts = Math.Min(_recipe.GradientAccumulation, batch.Count);
        for (var part = 0; part < parts; part++)
        {
            var (start, end) = ((long)batch.Count * part / parts, (long)batch.Count * (part + 1) / parts);
            using var some = NewDisposeScope();
            var logits = Network.forward(images.narrow(0, start, end - start));
            var loss = Loss.ShareOf(logits, targets, mixture, start, end);
            if (_teacher is not null)
            {
                var wanted = _teacher.LogitsOf(taught!.narrow(0, start, end - start));
                loss = Loss.WithTeacher(loss, logits, wanted, share: (double)(end - start) / batch.Count);
            }

            loss.backward();
            Count(loss, logits, targets.narrow(0, start, end - start), batch.Count);
        }

        Clip();
        Optimizer.Step(number, rateOf, stepsBefore);
        Average?.Update(number);
    }

    /// <summary>Begins the averages with the weights as they are.</summary>
    public void RestartAverages()
    {
        Average?.Restart();
        FromStart?.Restart();
    }

    /// <summary>
    /// Puts the averages in the place of the network's weights, for the network is evaluated and exported with them; done twice it changes
    /// nothing.
    /// </summary>
    public void ExchangeAverages()
    {
        if (_isAveraged) FromStart?.Exchange();
        Average?.Exchange();
        if (!_isAveraged) FromStart?.Exchange();
        _isAveraged = !_isAveraged;
    }

    /// <summary>The sum of the losses and the number of correct predictions since <see cref="ClearSums"/>. Waits for the device.</summary>
    public (double Loss, long Correct) ReadSums() => (_loss.item<double>(), _correct.item<long>());

    /// <summary>Begins new sums.</summary>
    public void ClearSums()
    {
        using var scope = NewDisposeScope();
        _loss.zero_();
        _correct.zero_();
    }

    public void Dispose()
    {
        IDisposable?[] parts = [Optimizer, Average, FromStart, Parameters, Network, Input, Loss];
        IDisposable?[] own = [_teacher, _clip, _clipEpsilon, _loss, _correct];
        foreach (var part in parts.Concat(own)) part?.Dispose();
    }

    private void Count(Tensor loss, Tensor logits, Tensor targets, long batch)
    {
        using var _ = no_grad();
        using var count = batch.ToScalar();
        _loss.add_(loss.detach().to(float64), count);
        _correct.add_(TrainingLoss.CountCorrect(logits, targets), Scalars.One);
    }

    private void Clip()
    {
        if (_clip is null) return;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var factor = Parameters.Gradients.norm().add_(_clipEpsilon, Scalars.One).reciprocal_().mul_(_clip).clamp_max_(Scalars.One);
        Parameters.Gradients.mul_(factor);
    }
}
