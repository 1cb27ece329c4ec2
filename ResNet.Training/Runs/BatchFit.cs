using System.Runtime.InteropServices;
using TorchSharp;
using static System.FormattableString;
using static TorchSharp.torch;

namespace ResNet.Training;

/// <summary>
/// Finds out how many images fit in a GPU's memory: by trying, since what a step needs depends on cuDNN's choices as much as on the
/// network.
/// </summary>
internal static class BatchFit
{
    private const int Grid = 8, Most = 1024, StepsPerEpoch = 100, TriedSteps = 2, MarginShare = 16;

    /// <summary>What a user calls to have the largest batch found; it lies above this.</summary>
    private const string LargestBatch = "ResNetTraining.FindLargestBatch";

    /// <summary>How libtorch, cuBLAS and cuDNN say that memory is short, on GPUs and on CPUs.</summary>
    private static readonly string[] Complaints =
    [
        "out of memory",
        "can't allocate memory",
        "not enough memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUDNN_STATUS_ALLOC_FAILED",
    ];

    /// <summary>The batch for a run: on a CPU the recipe's, on a GPU the largest that fits.</summary>
    /// <exception cref="DeviceMemoryException">Not even one image fits.</exception>
    public static int Choose(TrainingPlan plan, CancellationToken cancellation)
    {
        var recipe = plan.Recipe;
        var device = Devices.Parse(plan.Options.Device);
        if (device.type == DeviceType.CPU) return recipe.BatchSize;
        var limit = Math.Clamp(plan.Data.Training.Count / StepsPerEpoch, recipe.BatchSize, Math.Max(recipe.BatchSize, Most));
        using var trial = new Trial(plan.Architecture, recipe, device, cancellation, plan.NewTeacher);
        var found = Largest(trial.Fits, limit);
        return found > 0 ? found : throw new DeviceMemoryException(Describe(plan.Architecture, recipe, $"{device}", fitting: 0));
    }

    /// <summary>The largest batch that fits: a multiple of 8 within an eighth of the greatest, or, where 8 do not fit, 4, 2 or 1.</summary>
    /// <param name="fits">Tries a batch.</param>
    /// <param name="limit">The largest that is tried, from 1; above 8 it is rounded down to a multiple of 8.</param>
    /// <returns>The batch; 0 if none fits.</returns>
    public static int Largest(Func<int, bool> fits, int limit)
    {
        if (limit > Grid) limit -= limit % Grid;
        var (best, tried) = (0, Math.Min(Grid, limit));
        while (fits(tried))
        {
            if (tried == limit) return limit;
            (best, tried) = (tried, Math.Min(2 * tried, limit));
        }

        if (best == 0)
        {
            do tried /= 2;
            while (tried > 0 && !fits(tried));
            return tried;
        }

        for (var failed = tried; failed - best > Math.Max(Grid, best / Grid);)
        {
            var middle = (best + failed) / 2 / Grid * Grid;
            if (fits(middle)) best = middle;
            else failed = middle;
        }

        return best;
    }

    /// <summary>Whether the message of a TorchSharp exception says that memory is short.</summary>
    public static bool IsOutOfMemory(string message) =>
        Array.Exists(Complaints, complaint => message.Contains(complaint, StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// Runs something that trains. If memory is short, it is found out what would fit, when the work has given back its own.
    /// </summary>
    /// <exception cref="DeviceMemoryException">Memory was short; the message says what would fit.</exception>
    public static T Explaining<T>(TrainingPlan plan, Func<T> work, CancellationToken cancellation)
    {
        try
        {
            return work();
        }
        catch (ExternalException problem) when (IsOutOfMemory(problem.Message))
        {
            var device = Devices.Parse(plan.Options.Device);
            var fitting = device.type == DeviceType.CPU ? null : (int?)FittingPart(plan, device, cancellation);
            var firstLine = problem.Message.Split('\n')[0].Trim();
            var advice = Describe(plan.Architecture, plan.Recipe, $"{device}", fitting);
            throw new DeviceMemoryException($"{advice} libtorch says: {firstLine}", problem);
        }
    }

    /// <summary>What to do where a step does not fit.</summary>
    /// <param name="architecture">The network.</param>
    /// <param name="recipe">How it is trained.</param>
    /// <param name="device">Where.</param>
    /// <param name="fitting">The number of images at a time that fits; null if that was not tried.</param>
    public static string Describe(ResNetArchitecture architecture, TrainingRecipe recipe, string device, int? fitting)
    {
        var part = PartOf(recipe);
        var parts = recipe.GradientAccumulation > 1 ? Invariant($", {part} at a time,") : "";
        var size = recipe.Preprocessing.Crop;
        var images = Invariant($"{recipe.BatchSize} images{parts} of {size} x {size} pixels");
        var what = $"A step of {images} through {architecture.Name} does not fit in the memory of {device}.";
        if (fitting == 0 || part == 1)
        {
            return $"{what} Not even one image does: free the device from other processes, or use smaller images " +
                $"({nameof(recipe.Preprocessing)}.{nameof(recipe.Preprocessing.Crop)}), a smaller network or another device.";
        }

        var smaller = fitting ?? part / 2;
        var needed = ((long)recipe.BatchSize + smaller - 1) / smaller;
        var does = fitting is null ? "take about half" : "fit";
        var accumulation = Invariant($"a {nameof(recipe.GradientAccumulation)} of {needed} for the same batch in parts");
        var advice = Invariant($"{smaller} at a time {does}: a {nameof(recipe.BatchSize)} of {smaller}, or {accumulation}");
        var search = device == "cpu" ? "" : $"; {LargestBatch} finds the largest batch";
        return $"{what} {advice}{search}.";
    }

    /// <summary>The most images at a time that fit, of fewer than the recipe wants; 0 if not even one does.</summary>
    private static int FittingPart(TrainingPlan plan, Device device, CancellationToken cancellation)
    {
        var whole = plan.Recipe with { GradientAccumulation = 1 };
        using var trial = new Trial(plan.Architecture, whole, device, cancellation, plan.NewTeacher);
        var part = PartOf(plan.Recipe);
        return part > 1 ? Largest(trial.Fits, part - 1) : 0;
    }

    /// <summary>The images that are worked on at a time.</summary>
    private static int PartOf(TrainingRecipe recipe) =>
        (int)(((long)recipe.BatchSize + recipe.GradientAccumulation - 1) / recipe.GradientAccumulation);

    /// <summary>Takes steps of a run with black images, at a learning rate of 0.</summary>
    internal sealed class Trial : IDisposable
    {
        private readonly DisposeScope _scope = NewDisposeScope();
        private readonly TrainingRecipe _recipe;
        private readonly TrainingStep _step;
        private readonly CancellationToken _cancellation;

        public Trial(
            ResNetArchitecture architecture,
            TrainingRecipe recipe,
            Device device,
            CancellationToken cancellation,
            Func<Device, Teacher?>? teacher = null)
        {
            (_recipe, _cancellation) = (recipe, cancellation);
            try
            {
                _step = new(new(architecture, recipe.Seed), recipe, device, null, teacher?.Invoke(device));
            }
            catch (ExternalException problem) when (IsOutOfMemory(problem.Message))
            {
                _scope.Dispose();
                throw new DeviceMemoryException(Describe(architecture, recipe, $"{device}", 0), problem);
            }

            _step.Network.EnterTraining(recipe.FineTuning?.KeepStatistics ?? false);
        }

        public void Dispose()
        {
            _step.Dispose();
            _scope.Dispose();
        }

        /// <summary>
        /// Whether steps of this many images fit, and a sixteenth more: memory fragments, and other processes come and go.
        /// </summary>
        public bool Fits(int images)
        {
            var count = (long)images + images / MarginShare;
            var bytes = count * BatchLoader.ImageSize(_recipe.Preprocessing);
            if (bytes > Array.MaxLength) return false;
            var batch = new Batch(0, new byte[bytes], new long[count]);
            try
            {
                for (var number = 1; number <= TriedSteps; number++)
                {
                    _cancellation.ThrowIfCancellationRequested();
                    _step.Run(batch, 0, number, _ => 0);
                }

                // Waits for the device.
                _step.ReadSums();
                return true;
            }
            catch (ExternalException problem) when (IsOutOfMemory(problem.Message))
            {
                return false;
            }
        }
    }
}
