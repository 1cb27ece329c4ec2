using System.Security.Cryptography;
using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>Batch norm, addition and ReLU in one operation give what libtorch's separate operations give in float32.</summary>
[TestClass]
public sealed class FusedNormTests
{
    private const int Batch = 3, Channels = 48, Height = 37, Width = 41;

    /// <summary>Both more than the kernels work on at a time and not a multiple of it.</summary>
    private const int ManyChannels = 80;

    private const double Momentum = 0.1, Epsilon = 1e-5;

    [TestInitialize]
    public void RunOnlyWhereItCanRun()
    {
        LibTorch.Load();
        if (!NormKernels.CanRun) Assert.Inconclusive("This system's libtorch does not use GCC's OpenMP: there is no fused batch norm.");
    }

    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(true, true)]
    public void It_gives_the_results_and_gradients_of_libtorch(bool added, bool relu)
    {
        using var scope = NewDisposeScope();
        var ours = Run(added, relu, fused: true);
        var theirs = Run(added, relu, fused: false);
        foreach (var (name, value) in theirs)
        {
            // What is stored in bfloat16 may be rounded to the neighboring number, which is at most a 128th away. Sums over all pixels are
            // float32.
            var isSum = value.dim() == 1;
            var allowed = value.abs() * (isSum ? 0 : 1.0 / 128) + value.abs().max() * 1e-4;
            var excess = ((ours[name] - value).abs() - allowed).max().item<float>();
            Assert.IsLessThanOrEqualTo(0f, excess, name);
        }
    }

    [TestMethod]
    public void The_number_of_threads_does_not_change_a_bit()
    {
        using var scope = NewDisposeScope();
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var one = Run(added: true, relu: true, fused: true);
            set_num_threads(3);
            var three = Run(added: true, relu: true, fused: true);
            foreach (var (name, value) in one) Assert.IsTrue(value.equal(three[name]).all().item<bool>(), name);
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [TestMethod]
    [DataRow(false, false, "e91048e98d5ba7e1")]
    [DataRow(true, false, "d86e6788de8f9abf")]
    [DataRow(false, true, "e4c19322ec06484f")]
    [DataRow(true, true, "748561ff67ee4b90")]
    public void Its_bits_are_the_same_on_every_processor(bool added, bool relu, string expected)
    {
        using var scope = NewDisposeScope();
        var random = new SeededRandom(1);
        var input = Uniform(ref random, 3).requires_grad_();
        var addend = added ? Uniform(ref random, 0).requires_grad_() : null;
        var weight = Vector(ref random).requires_grad_();
        var bias = Vector(ref random).requires_grad_();
        var (mean, variance) = (zeros(ManyChannels), ones(ManyChannels));
        var output = FusedNorm.Apply(input, weight, bias, addend, new(relu, mean, variance, Momentum, Epsilon));
        output.backward([Uniform(ref random, 0)]);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var result in new[] { output.detach(), input.grad!, weight.grad!, bias.grad!, mean, variance, addend?.grad })
        {
            if (result is null) continue;
            var values = result.dim() == 4 ? result.permute(0, 2, 3, 1) : result;
            hash.AppendData(values.contiguous().bytes);
        }

        Assert.AreEqual(expected, Convert.ToHexStringLower(hash.GetHashAndReset())[..16]);
    }

    [TestMethod]
    public void What_is_not_a_number_stays_so()
    {
        using var scope = NewDisposeScope();
        var input = Pixels(1);
        using (no_grad()) input[0, 5, 3, 3] = float.NaN;
        var call = new FusedNorm.Call(Relu: true, zeros(Channels), ones(Channels), Momentum, Epsilon);
        var output = FusedNorm.Apply(input, ones(Channels, requires_grad: true), zeros(Channels), null, call);
        Assert.AreEqual(Batch * Height * Width, output[TensorIndex.Colon, 5].isnan().sum().item<long>());
        Assert.AreEqual(Batch * Height * Width, output.isnan().sum().item<long>());
    }

    [TestMethod]
    public void It_is_not_used_for_other_memory_formats_and_types()
    {
        using var scope = NewDisposeScope();
        Assert.IsTrue(FusedNorm.Fits(Pixels(1), null));
        Assert.IsFalse(FusedNorm.Fits(Pixels(1).contiguous(), null));
        Assert.IsFalse(FusedNorm.Fits(Pixels(1).to(float32), null));
        Assert.IsFalse(FusedNorm.Fits(Pixels(1), Pixels(1)[0]));
        Assert.IsFalse(FusedNorm.Fits(zeros(1, 8, 4, 4, ScalarType.BFloat16), null));
    }

    private static Dictionary<string, Tensor> Run(bool added, bool relu, bool fused)
    {
        var (input, addend) = (Pixels(1), added ? Pixels(2) : null);
        using var generator = new Generator(3);
        var weight = (rand(Channels, generator: generator) + 0.5).detach().requires_grad_();
        var bias = randn(Channels, generator: generator).requires_grad_();
        var (mean, variance) = (zeros(Channels), ones(Channels));
        Tensor output;
        if (fused)
        {
            output = FusedNorm.Apply(input, weight, bias, addend, new(relu, mean, variance, Momentum, Epsilon));
        }
        else
        {
            output = nn.functional.batch_norm(input.to(float32), mean, variance, weight, bias, true, Momentum, Epsilon);
            if (addend is not null) output = output + addend.to(float32);
            if (relu) output = output.relu();
        }

        output.backward([randn(output.shape, generator: generator).to(ScalarType.BFloat16).to(output.dtype)]);
        var results = new Dictionary<string, Tensor>
        {
            ["output"] = output.detach(),
            ["input's gradient"] = input.grad!,
            ["weight's gradient"] = weight.grad!,
            ["bias' gradient"] = bias.grad!,
            ["running mean"] = mean,
            ["running variance"] = variance,
        };
        if (addend is not null) results["addend's gradient"] = addend.grad!;
        return results.ToDictionary(each => each.Key, each => each.Value.to(float32));
    }

    /// <summary>
    /// Pixels that are uniform in an interval of length 1 around a mean; made without libtorch, whose random numbers may change.
    /// </summary>
    private static Tensor Uniform(ref SeededRandom random, double mean)
    {
        var values = new float[Batch * Height * Width * ManyChannels];
        foreach (ref var value in values.AsSpan()) value = (float)(mean + random.NextDouble() - 0.5);
        return tensor(values, [Batch, Height, Width, ManyChannels]).to(ScalarType.BFloat16).permute(0, 3, 1, 2).detach();
    }

    private static Tensor Vector(ref SeededRandom random)
    {
        var values = new float[ManyChannels];
        foreach (ref var value in values.AsSpan()) value = (float)(random.NextDouble() + 0.5);
        return tensor(values);
    }

    /// <summary>Far from zero, as a mean of pixels can be.</summary>
    private static Tensor Pixels(int seed)
    {
        using var generator = new Generator((ulong)seed);
        var values = randn(Batch, Height, Width, Channels, generator: generator) + 3;
        return values.to(ScalarType.BFloat16).permute(0, 3, 1, 2).detach().requires_grad_();
    }
}
