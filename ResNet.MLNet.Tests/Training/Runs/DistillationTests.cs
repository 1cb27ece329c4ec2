using static TorchSharp.torch;

namespace ResNet.Tests;

/// <summary>A network learns from a teacher: what it is taught, what it is not taught, and by whom.</summary>
[TestClass]
public sealed class DistillationTests
{
    private static readonly float[,] Student = { { 0.5f, -1, 2 }, { -0.3f, 0.1f, 0 } };
    private static readonly float[,] Wanted = { { 1, 0.5f, -2 }, { 2, 0, 0.3f } };

    [TestMethod]
    public void The_loss_has_the_divergence_from_the_teacher_s_probabilities_at_a_temperature()
    {
        var expected = Enumerable.Range(0, 2).Average(image =>
        {
            double[] teacher = Softmax(Wanted, image), student = Softmax(Student, image);
            return teacher.Zip(student).Sum(each => each.First * Math.Log(each.First / each.Second));
        });
        // Half of 10, and half of the divergence times the temperature's square.
        Assert.AreEqual(5 + 0.5 * 9 * expected, LossOf(LossFunction.CrossEntropy, Student), 1e-5);
        Assert.AreEqual(5, LossOf(LossFunction.CrossEntropy, Wanted), 1e-6);
    }

    [TestMethod]
    public void Yes_and_no_are_taught_for_each_class()
    {
        var expected = Enumerable.Range(0, 2).Average(image => Enumerable.Range(0, 3).Sum(of =>
        {
            double teacher = Sigmoid(Wanted[image, of] / 3), student = Sigmoid(Student[image, of] / 3);
            return teacher * Math.Log(teacher / student) + (1 - teacher) * Math.Log((1 - teacher) / (1 - student));
        }));
        Assert.AreEqual(5 + 0.5 * 9 * expected, LossOf(LossFunction.BinaryCrossEntropy, Student), 1e-5);
        Assert.AreEqual(5, LossOf(LossFunction.BinaryCrossEntropy, Wanted), 1e-6);
    }

    [TestMethod]
    public void A_student_becomes_its_teacher_where_the_teacher_is_all_that_counts()
    {
        using var world = new World(new());
        // The images say another class than the teacher: what is learned is the teacher's.
        var recipe = SmallRun.Recipe(20) with { Distillation = new() { Weight = 1, Temperature = 2 }, Mixing = new() { CutMix = 1 } };
        var result = ResNetTraining.Run(world.Options with { Recipe = recipe, Data = world.Wrong() });
        using var student = ResNetModel.Open(result.ModelFile);
        var images = Enumerable.Range(0, 48).Select(world.Folders.Open(0).Training.NameOf).ToList();
        var alike = images.Count(image => student.Classify(image)[0].Label == Path.GetFileName(Path.GetDirectoryName(image)));
        Assert.IsGreaterThan(0.75 * images.Count, alike);
        StringAssert.Contains(student.Card.Source!, "taught by teacher.onnx");
    }

    [TestMethod]
    public void The_teacher_sees_the_pixels_as_it_was_trained_to_see_them()
    {
        using var world = new World(new()
        {
            Preprocessing = ImagePreprocessing.Small(12) with { Mean = new(0.2f, 0.3f, 0.4f), Std = new(0.5f, 0.6f, 0.7f) },
        });
        using var scope = NewDisposeScope();
        var plan = (world.Options with { Recipe = SmallRun.Recipe(1) }).Resolve();
        using var teacher = plan.NewTeacher(CPU)!;
        using var model = ResNetModel.Open(world.TeacherFile);
        var batch = plan.Loader(plan.Data.Validation, null, new(BadTrainingImagePolicy.Throw)).Epoch(0).First();
        var logits = teacher.LogitsOf(teacher.Load(batch, null)).data<float>().ToArray();
        float[] expected = [.. Enumerable.Range(0, batch.Count)
            .SelectMany(index => model.Run(plan.Data.Validation.NameOf(index), ResNetOutput.Logits))];
        foreach (var (left, right) in expected.Zip(logits)) Assert.AreEqual(left, right, 1e-3);
    }

    [TestMethod]
    [DataRow(LossFunction.CrossEntropy)]
    [DataRow(LossFunction.BinaryCrossEntropy)]
    public void A_run_with_a_teacher_resumes_to_the_bit_and_not_with_another_teacher(LossFunction loss)
    {
        using var world = new World(new() { Loss = loss });
        var recipe = SmallRun.Recipe(3) with { Loss = loss, Mixing = new() { MixUp = 0.2, CutMix = 1 }, GradientAccumulation = 2 };
        var options = world.Options with { Recipe = recipe };
        var expected = SmallRun.Hash(ResNetTraining.Run(options));
        Assert.AreNotEqual(expected, SmallRun.Hash(ResNetTraining.Run(options with { Teacher = null })));
        using var cancel = new CancellationTokenSource();
        var stopping = options with { Data = options.Data with { Training = new SmallRun.StopsAt(options.Data.Training, 50, cancel) } };
        Assert.ThrowsExactly<OperationCanceledException>(() => ResNetTraining.Run(stopping with { Workers = 1 }, null, cancel.Token));
        var resuming = options with { IfExists = ExistingRun.Resume };
        var refused = Assert.ThrowsExactly<InvalidDataException>(() => ResNetTraining.Run(resuming with { Teacher = null }));
        StringAssert.Contains(refused.Message, "teacher: teacher.onnx (");
        StringAssert.Contains(refused.Message, "in the checkpoint, none now");
        Assert.AreEqual(expected, SmallRun.Hash(ResNetTraining.Run(resuming)));
    }

    [TestMethod]
    public void Classes_are_found_by_their_names_and_a_teacher_that_does_not_fit_is_refused()
    {
        using var world = new World(new());
        CollectionAssert.AreEqual(new long[] { 2, 0 }, TeacherFit.ClassesOf(world.Teacher, ["red", "blue"]));
        AssertRefused("does not know 'sea', 'sun'", () => TeacherFit.ClassesOf(world.Teacher, ["red", "sea", "sun"]));
        var recipe = SmallRun.Recipe(1);
        var large = recipe with { Preprocessing = ImagePreprocessing.Small(16) };
        AssertRefused("12 x 12 pixels, and the recipe's images have 16 x 16", () => Resolve(large));
        AssertRefused("has a Softmax over its scores", () => Resolve(recipe with { Loss = LossFunction.BinaryCrossEntropy }));
        AssertRefused("LogitAdjustment takes away", () => Resolve(recipe with { LogitAdjustment = 1 }));
        var alone = world.Options with { Teacher = null, Recipe = recipe with { Distillation = new() } };
        AssertRefused("needs a teacher", alone.Resolve);
        Assert.AreEqual(4, Resolve(recipe).Recipe.Distillation!.Temperature);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Distillation { Weight = 0 });

        TrainingPlan Resolve(TrainingRecipe changed) => (world.Options with { Recipe = changed }).Resolve();
    }

    [TestMethod]
    public void The_command_and_the_trainer_take_a_teacher()
    {
        using var world = new World(new());
        string[] train = ["train", "--data", world.Folders.Folder, "--output", world.Folders.Output, "--teacher", world.TeacherFile];
        string[] network = ["--architecture", "cifar-resnet8:width=4", "--device", "cpu", "--epochs", "1", "--batch", "9", "--overwrite"];
        var run = Command.Resnet([.. train, .. network, "--size", "12", "--temperature", "2"]);
        Assert.AreEqual(0, run.ExitCode, run.Errors);
        StringAssert.Contains(run.Output, "taught by teacher.onnx");
        var recipe = TrainingRecipe.Read(Path.Combine(world.Folders.Output, "recipe.json"));
        Assert.AreEqual(new Distillation { Temperature = 2, Weight = 0.5 }, recipe.Distillation);
        StringAssert.Contains(Command.Resnet([.. train, .. network]).Errors, "12 x 12 pixels");
        StringAssert.Contains(Command.Resnet([.. train[..5], .. network, "--temperature", "2"]).Errors, "name one");
        using var model = TrainerRun.Fit(TrainerRun.Rows(world.Folders), TrainerRun.Options with { Teacher = world.TeacherFile });
        StringAssert.Contains(model.Model.Card.Source!, "taught by teacher.onnx");
    }

    private static double LossOf(LossFunction function, float[,] student)
    {
        var recipe = new TrainingRecipe { Loss = function, Distillation = new() { Temperature = 3, Weight = 0.5 } };
        using var loss = new TrainingLoss(recipe, null, CPU);
        using var scope = NewDisposeScope();
        return loss.WithTeacher(tensor(10f), tensor(student), tensor(Wanted), share: 1).item<float>();
    }

    private static double[] Softmax(float[,] logits, int image)
    {
        double[] powers = [.. Enumerable.Range(0, 3).Select(of => Math.Exp(logits[image, of] / 3.0))];
        return [.. powers.Select(power => power / powers.Sum())];
    }

    private static double Sigmoid(double value) => 1 / (1 + Math.Exp(-value));

    private static void AssertRefused(string reason, Func<object> action) =>
        StringAssert.Contains(Assert.ThrowsExactly<ArgumentException>(() => action()).Message, reason);

    /// <summary>Images, and a teacher that was trained on them.</summary>
    private sealed class World : IDisposable
    {
        public World(TrainingRecipe how)
        {
            var recipe = SmallRun.Recipe(8) with { Loss = how.Loss };
            if (how.Preprocessing.Crop == 12) recipe = recipe with { Preprocessing = how.Preprocessing };
            File.Move(ResNetTraining.Run(SmallRun.Options(Folders, recipe)).ModelFile, TeacherFile);
            Teacher = StartingPoint.Open(TeacherFile);
        }

        public ClassFolders Folders { get; } = new();

        public StartingPoint Teacher { get; }

        public string TeacherFile => Folders.PathOf("teacher.onnx");

        public TrainingOptions Options => SmallRun.Options(Folders, SmallRun.Recipe(1)) with { Teacher = Teacher };

        /// <summary>The images with other classes than theirs.</summary>
        public TrainingData Wrong()
        {
            string[] others = ["green", "red", "blue"];
            var images = Folders.Open(0).Training;
            var lines = Enumerable.Range(0, images.Count).Select(index => $"{images.NameOf(index)},{others[images.LabelOf(index)]}");
            File.WriteAllLines(Folders.PathOf("wrong.csv"), ["path,label", .. lines]);
            return TrainingData.Open(Folders.PathOf("wrong.csv"), validationShare: 0);
        }

        public void Dispose() => Folders.Dispose();
    }
}
