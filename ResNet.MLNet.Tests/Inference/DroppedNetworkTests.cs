using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.Tests;

/// <summary>A network that nobody disposed is collected with all that belongs to it, however it was used.</summary>
[TestClass]
[DoNotParallelize]
public sealed class DroppedNetworkTests
{
    [TestMethod]
    public void A_model_is_collected()
    {
        using var world = new ImageWorld(images: 4);
        AssertCollected(Use());

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference[] Use()
        {
            var model = ResNetModel.Open(world.ModelFile);
            model.Run(world.Paths[0]);
            model.Classify(File.ReadAllBytes(world.Paths[1]));
            Parallel.ForEach(world.Paths, path => model.Run(path));
            return [new(model), new(model.File)];
        }
    }

    [TestMethod]
    public void A_transformer_is_collected_after_passes()
    {
        using var world = new ImageWorld(images: 8);
        AssertCollected(Use());

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference[] Use()
        {
            var model = world.Context.Transforms.ApplyResNet("Features", "ImagePath", world.ModelFile).Fit(world.Data());
            var read = model.Transform(world.Data()).GetColumn<float[]>("Features").Count();
            Assert.AreEqual(8, read);
            // A pass that is given up in its middle.
            Assert.AreEqual(1, model.Transform(world.Data()).GetColumn<float[]>("Features").Take(1).Count());
            return [new(model), new(model.Model)];
        }
    }

    [TestMethod]
    public void A_transformer_is_collected_after_single_predictions()
    {
        using var world = new ImageWorld(images: 1);
        AssertCollected(Use());

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference[] Use()
        {
            var model = world.Context.Transforms.ApplyResNet("Features", "ImagePath", world.ModelFile).Fit(world.Data());
            var options = new PredictionEngineOptions { OwnsTransformer = false };
            var engine = world.Context.Model.CreatePredictionEngine<ImageRow, Scored>(model, options);
            engine.Predict(new() { ImagePath = world.Paths[0] });
            return [new(model), new(model.Model), new(engine)];
        }
    }

    [TestMethod]
    public void What_a_trainer_gives_is_collected()
    {
        using var folders = new ClassFolders(imagesPerClass: 4);
        AssertCollected(Use());

        [MethodImpl(MethodImplOptions.NoInlining)]
        WeakReference[] Use()
        {
            var context = new MLContext(seed: 1);
            var rows = context.Data.LoadFromEnumerable(TrainerRun.Rows(folders));
            var model = TrainerRun.Fit(context, rows, TrainerRun.Options with { Epochs = 1 });
            Assert.AreEqual(12, model.Transform(rows).GetColumn<float[]>("Score").Count());
            return [new(model), new(model.Model)];
        }
    }

    private static void AssertCollected(WeakReference[] references)
    {
        for (var i = 0; i < 20 && Array.Exists(references, each => each.IsAlive); i++)
        {
            GiveEachThreadOtherWork();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        foreach (var each in references) Assert.IsFalse(each.IsAlive, each.Target?.GetType().Name);
    }

    /// <summary>
    /// A thread of the pool may remember its last work until it gets other work. Each waits for the others, so that none does two threads'
    /// share; those that other tests keep busy are not waited for longer than a moment.
    /// </summary>
    private static void GiveEachThreadOtherWork()
    {
        var started = new CountdownEvent(ThreadPool.ThreadCount);
        var work = Enumerable.Range(0, started.InitialCount).Select(_ => Task.Run(() =>
        {
            started.Signal();
            started.Wait(millisecondsTimeout: 100);
        }));
        Task.WaitAll(work.ToArray());
    }

    private sealed class Scored
    {
        public float[] Features { get; set; } = [];
    }
}
