using TorchSharp;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// An optimizer at work: it makes the steps and keeps what has to be remembered from step to step, over the flat vectors.
/// </summary>
internal abstract class OptimizerState : IDisposable
{
    private readonly List<Scalar> _scalars = [];

    protected OptimizerState(FlatParameters parameters, params string[] memory)
    {
        Parameters = parameters;
        Memory = [.. memory.Select(name => (name, zeros_like(parameters.Weights)))];
    }

    /// <summary>What has to be in a checkpoint: vectors that lie as the parameters do, by the names that PyTorch gives them.</summary>
    public IReadOnlyList<(string Name, Tensor Values)> Memory { get; }

    protected FlatParameters Parameters { get; }

    /// <summary>Makes one step and clears the gradients.</summary>
    /// <param name="number">The number of this step in the run, from 1.</param>
    /// <param name="rateOf">The learning rate of a group; 0 leaves its parameters as they are.</param>
    /// <param name="stepsBefore">The steps before a group began to learn; null for none.</param>
    public void Step(long number, Func<ParameterGroup, double> rateOf, Func<ParameterGroup, long>? stepsBefore = null)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var group in Parameters.Groups)
        {
            if (rateOf(group) is > 0 and var rate) Step(group, rate, number - (stepsBefore?.Invoke(group) ?? 0));
        }

        Parameters.Gradients.zero_();
    }

    public void Dispose()
    {
        foreach (var (_, values) in Memory) values.Dispose();
        foreach (var scalar in _scalars) scalar.Dispose();
    }

    /// <summary>Makes one step of a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="learningRate">Its learning rate, above 0.</param>
    /// <param name="number">The number of the step since the group began to learn, from 1.</param>
    protected abstract void Step(ParameterGroup group, double learningRate, long number);

    /// <summary>A group's part of a flat vector.</summary>
    protected static Tensor Part(Tensor vector, ParameterGroup group) => vector.narrow(0, group.Start, group.Count);

    /// <summary>A number that lives as long as this.</summary>
    protected Scalar Keep(double value)
    {
        var scalar = value.ToScalar();
        _scalars.Add(scalar);
        return scalar;
    }
}
