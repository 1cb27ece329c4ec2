using System.Security.Cryptography;

namespace ResNet.Tests;

/// <summary>The store fetches, checks, converts and keeps, whatever the server does.</summary>
[TestClass]
public sealed class ModelStoreTests
{
    private static readonly byte[] Checkpoint =
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Fixtures", "Weights", "torchvision18.pth"));

    private static readonly string Hash = Convert.ToHexStringLower(SHA256.HashData(Checkpoint));

    [TestMethod]
    public void Weights_are_fetched_once_converted_and_kept()
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, Answer.Whole);
        List<DownloadProgress> reports = [];
        var store = Store(folder);
        var path = store.Get(Item(server), new Collector(reports), CancellationToken.None);
        Assert.AreEqual(path, store.Get(Item(server), null, CancellationToken.None));
        Assert.HasCount(1, server.Requests);
        Assert.AreEqual((Checkpoint.Length, (long?)Checkpoint.Length), ((int)reports[^1].Received, reports[^1].Total));
        using var model = ResNetModel.Open(path);
        Assert.AreEqual("resnet18:width=2", model.Card.Architecture);
        var files = Directory.GetFiles(folder.Path).Select(Path.GetFileName).ToList();
        CollectionAssert.AreEquivalent(new[] { "net.onnx", "net.lock", "net.holder", "net-file.pth.sha256" }, files);
    }

    [TestMethod]
    public void What_a_checkpoint_of_a_half_known_hash_was_the_first_time_it_has_to_be_later()
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, Answer.Whole, Answer.Whole);
        List<DownloadProgress> reports = [];
        Store(folder).Get(Item(server), new Collector(reports), CancellationToken.None);
        Assert.AreEqual((Hash, false), (reports[^1].Sha256, reports[^1].WasKnown));
        var record = folder.PathOf("net-file.pth.sha256");
        Assert.AreEqual($"{Hash}  net-file.pth\n", File.ReadAllText(record));

        // Another file with the same eight digits was there the first time.
        File.WriteAllText(record, $"{Hash[..8]}{new string('0', 56)}  net-file.pth\n");
        File.Delete(folder.PathOf("net.onnx"));
        var problem = Assert.ThrowsExactly<IOException>(() => Store(folder).Get(Item(server), null, CancellationToken.None));
        StringAssert.Contains(problem.Message, Hash);
        File.WriteAllText(record, "?");
        problem = Assert.ThrowsExactly<IOException>(() => Store(folder).Get(Item(server), null, CancellationToken.None));
        StringAssert.Contains(problem.Message, record);
    }

    [TestMethod]
    public void A_connection_that_is_not_encrypted_is_used_only_for_a_hash_that_is_known_whole()
    {
        using var folder = new TemporaryFolder();
        // A name that is not this machine's and does not exist (RFC 2606).
        var address = new Uri("http://mirror.invalid/net-file.pth");
        Assert.Contains("not encrypted", Problem(Hash[..8]));
        Assert.Contains("cannot be reached", Problem(Hash));
        Assert.Contains("cannot be reached", Problem(Hash[..8], new Uri("https://mirror.invalid/net-file.pth")));

        string Problem(string hash, Uri? other = null) => Assert.ThrowsExactly<IOException>(
            () => Store(folder).Get(new ModelStore.Item("net", other ?? address, hash), null, CancellationToken.None)).Message;
    }

    [TestMethod]
    [DataRow(Answer.CutOff, true)]
    [DataRow(Answer.Stall, true)]
    [DataRow(Answer.Broken, false)]
    public void A_server_that_fails_once_is_asked_again_for_what_is_missing(Answer first, bool resumes)
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, first, Answer.Whole);
        Store(folder, impatient: first == Answer.Stall).Get(Item(server), null, CancellationToken.None);
        var second = resumes ? $"/weights/net-file.pth from {Checkpoint.Length / 2}" : "/weights/net-file.pth";
        CollectionAssert.AreEqual(new[] { "/weights/net-file.pth", second }, server.Requests.ToList());
    }

    [TestMethod]
    public void A_server_that_cannot_resume_sends_all_again()
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, Answer.CutOff, Answer.WholeWithoutRanges);
        Store(folder).Get(Item(server), null, CancellationToken.None);
        Assert.HasCount(2, server.Requests);
    }

    [TestMethod]
    public void A_part_of_something_else_is_thrown_away()
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, Answer.Whole);
        File.WriteAllBytes(folder.PathOf("net-file.pth.part"), new byte[1000]);
        Store(folder).Get(Item(server), null, CancellationToken.None);
        CollectionAssert.AreEqual(new[] { "/weights/net-file.pth from 1000", "/weights/net-file.pth" }, server.Requests.ToList());
        // Longer than the file itself, so that there is nothing to resume from.
        File.Delete(folder.PathOf("net.onnx"));
        File.WriteAllBytes(folder.PathOf("net-file.pth.part"), new byte[Checkpoint.Length + 5]);
        Store(folder).Get(Item(server), null, CancellationToken.None);
        Assert.IsTrue(File.Exists(folder.PathOf("net.onnx")));
    }

    [TestMethod]
    public void A_redirect_is_followed()
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, Answer.Redirect, Answer.Whole);
        Store(folder).Get(Item(server), null, CancellationToken.None);
        Assert.AreEqual("/elsewhere/net-file.pth", server.Requests[^1]);
    }

    [TestMethod]
    [DataRow(Answer.NotFound, 1, "404")]
    [DataRow(Answer.WrongBytes, 1, "SHA-256")]
    [DataRow(Answer.Broken, 3, "500")]
    [DataRow(Answer.Stall, 3, "sent next to nothing for 1 seconds")]
    [DataRow(Answer.Drip, 3, "sent next to nothing for 1 seconds")]
    [DataRow(Answer.DripHeaders, 3, "sent next to nothing for 1 seconds")]
    [DataRow(Answer.RedirectToFile, 1, "redirects to")]
    public void A_server_that_does_not_get_better_is_reported_with_what_to_do(Answer always, int requests, string reason)
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, always);
        var isImpatient = always is Answer.Stall or Answer.Drip or Answer.DripHeaders;
        var store = Store(folder, isImpatient);
        var problem = Assert.ThrowsExactly<IOException>(() => store.Get(Item(server), null, CancellationToken.None));
        string[] told = [reason, server.Address.ToString(), folder.PathOf("net-file.pth"), ModelStore.MirrorVariable];
        foreach (var expected in told) StringAssert.Contains(problem.Message, expected);
        // On a busy machine a second may be over before a request arrives.
        Assert.IsInRange(isImpatient ? 1 : requests, requests, server.Requests.Count);
        Assert.IsFalse(File.Exists(folder.PathOf("net.onnx")));
        Assert.IsFalse(File.Exists(folder.PathOf("net-file.pth")));
    }

    [TestMethod]
    public void Nobody_there_is_reported_with_what_to_do()
    {
        using var folder = new TemporaryFolder();
        var item = new ModelStore.Item("net", new Uri("http://127.0.0.1:9/net-file.pth"), Hash[..8]);
        var problem = Assert.ThrowsExactly<IOException>(() => Store(folder).Get(item, null, CancellationToken.None));
        StringAssert.Contains(problem.Message, "cannot be reached");
    }

    [TestMethod]
    public void Two_at_once_fetch_once()
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, Answer.Whole);
        var paths = new string[4];
        Parallel.For(0, paths.Length, i => paths[i] = Store(folder).Get(Item(server), null, CancellationToken.None));
        Assert.HasCount(1, server.Requests);
        Assert.IsTrue(Array.TrueForAll(paths, path => path == folder.PathOf("net.onnx")));
    }

    [TestMethod]
    public void Another_process_is_waited_for_by_name_until_it_gets_nowhere()
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, Answer.Whole);
        List<DownloadProgress> reports = [];
        var store = new ModelStore(folder.Path, null, new()) { Turn = new() { Patience = TimeSpan.Zero, Pause = TimeSpan.Zero } };
        using (var other = new FileStream(folder.PathOf("net.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            File.WriteAllText(folder.PathOf("net.holder"), "process 4711 on far-away");
            var problem = Assert.ThrowsExactly<IOException>(() => store.Get(Item(server), new Collector(reports), CancellationToken.None));
            string[] told = ["Process 4711 on far-away", folder.PathOf("net.lock"), folder.PathOf("net.onnx"), server.Address.ToString()];
            foreach (var expected in told) StringAssert.Contains(problem.Message, expected);
            Assert.AreEqual("process 4711 on far-away", reports[0].WaitsFor);
        }

        // What it left behind is harmless.
        store.Get(Item(server), null, CancellationToken.None);
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void A_lock_file_that_cannot_be_opened_is_an_error_and_not_waited_for()
    {
        using var folder = new TemporaryFolder();
        // Like a file of a read-only disk: it is there, and opening it for writing fails.
        using var socket = SpecialFile.CreateSocket(folder.PathOf("net.lock"));
        var item = new ModelStore.Item("net", new Uri("http://127.0.0.1:9/net-file.pth"), Hash[..8]);
        var problem = Assert.ThrowsExactly<IOException>(
            () => SpecialFile.EndsInTime(() => Store(folder).Get(item, null, CancellationToken.None)));
        string[] told = [folder.Path, "http://127.0.0.1:9/net-file.pth", folder.PathOf("net.onnx"), "RESNET_MLNET_HOME"];
        foreach (var expected in told) StringAssert.Contains(problem.Message, expected);
    }

    [TestMethod]
    public void A_canceled_download_is_resumed()
    {
        using var folder = new TemporaryFolder();
        using var server = new LyingServer(Checkpoint, Answer.CutOff, Answer.Whole);
        using var cancel = new CancellationTokenSource();
        var canceling = new Collector([], _ => cancel.Cancel());
        Assert.Throws<OperationCanceledException>(() => Store(folder).Get(Item(server), canceling, cancel.Token));
        var part = new FileInfo(folder.PathOf("net-file.pth.part")).Length;
        Assert.IsGreaterThan(0, part);
        Store(folder).Get(Item(server), null, CancellationToken.None);
        Assert.AreEqual($"/weights/net-file.pth from {part}", server.Requests[^1]);
    }

    [TestMethod]
    public void A_file_that_was_put_there_by_hand_is_used_if_it_is_the_right_one()
    {
        using var folder = new TemporaryFolder();
        var nowhere = new ModelStore.Item("net", new Uri("http://127.0.0.1:9/net-file.pth"), Hash[..8]);
        File.WriteAllBytes(folder.PathOf("net-file.pth"), Checkpoint[..^1]);
        var problem = Assert.ThrowsExactly<IOException>(() => Store(folder).Get(nowhere, null, CancellationToken.None));
        StringAssert.Contains(problem.Message, Hash[..8]);
        Assert.IsTrue(File.Exists(folder.PathOf("net-file.pth")), "What the user put there is the user's.");
        File.WriteAllBytes(folder.PathOf("net-file.pth"), Checkpoint);
        Assert.AreEqual(folder.PathOf("net.onnx"), Store(folder).Get(nowhere, null, CancellationToken.None));
    }

    [TestMethod]
    public void The_catalog_is_complete_and_names_are_found()
    {
        Assert.HasCount(PretrainedResNet.All.Count, PretrainedResNet.All.Select(entry => entry.Name).Distinct());
        Assert.AreEqual("resnet50-imagenet-v1", PretrainedResNet.Find("ResNet50")!.Name);
        Assert.AreEqual(232, PretrainedResNet.Find("resnet152-imagenet-v2")!.Preprocessing.Resize);
        Assert.IsNull(PretrainedResNet.Find("resnet18-imagenet-v2"));
        foreach (var entry in PretrainedResNet.All)
        {
            if (entry.Sha256 is { } whole) Assert.IsTrue(whole.Length == 64 && whole.All(char.IsAsciiHexDigitLower));
            if (entry.Package is not null)
            {
                Assert.IsNull(entry.Labels);
                Assert.AreEqual(0, entry.Architecture.Classes);
                continue;
            }

            Assert.AreEqual(1000, entry.Labels!.Distinct().Count());
            Assert.AreEqual(1000, entry.Architecture.Classes);
            Assert.EndsWith($"-{entry.HashPrefix}.pth", entry.Address!.ToString());
            Assert.HasCount(8, entry.HashPrefix!);
            Assert.IsTrue(entry.Top1 is > 0.65 and < 0.9 && entry.Top5 > entry.Top1, entry.Name);
        }

        Assert.AreEqual(235, PretrainedResNet.Find("resnet18.a1_in1k")!.Preprocessing.Resize);
        Assert.AreEqual("resnet18:stages=2.2.2.3", PretrainedResNet.Find("resnet18-mlnet")!.Architecture.Name);
        Assert.AreEqual("tench", PretrainedResNet.All[0].Labels![0]);
        var mirrored = ModelStore.Item.Of(PretrainedResNet.All[0], "http://mirror.test/base/");
        Assert.AreEqual("http://mirror.test/base/resnet18-f37072fd.pth", mirrored.Address.ToString());
        var badMirror = Assert.ThrowsExactly<ArgumentException>(() => ModelStore.Item.Of(PretrainedResNet.All[0], "mirror"));
        StringAssert.Contains(badMirror.Message, ModelStore.MirrorVariable);
        var problem = Assert.ThrowsExactly<FileNotFoundException>(() => ModelStore.Default.Find("resnet5"));
        StringAssert.Contains(problem.Message, "The nearest names are resnet50, ");
    }

    [TestMethod]
    [DataRow("resnt18", "resnet18")]
    [DataRow("ResNet-50-imagenet-v2", "resnet50-imagenet-v2")]
    [DataRow("timm/resnet18.a1_in1k", "resnet18.a1_in1k")]
    [DataRow("resnet18-ml.net", "resnet18-mlnet")]
    public void The_name_that_was_meant_is_the_nearest_to_one_that_there_is_not(string typed, string meant)
    {
        var problem = Assert.ThrowsExactly<FileNotFoundException>(() => ModelStore.Default.Find(typed));
        StringAssert.Contains(problem.Message, $"'{typed}'");
        StringAssert.Contains(problem.Message, $"The nearest names are {meant}, ");
    }

    [TestMethod]
    public void A_folder_in_place_of_a_model_file_is_named_with_the_model_files_in_it()
    {
        using var folder = new TemporaryFolder();
        foreach (var find in new Action[] { () => ModelStore.Default.Find(folder.Path), () => ResNetModel.Open(folder.Path) })
        {
            const string Empty = "is a folder, not a model file. There is no model file (.onnx) in it. Name a model file.";
            StringAssert.EndsWith(MessageOf(find), Empty);
            File.WriteAllText(folder.PathOf("model.onnx"), "");
            StringAssert.EndsWith(MessageOf(find), $"The model file in it is '{folder.PathOf("model.onnx")}': name that.");
            for (var i = 0; i < 6; i++) File.WriteAllText(folder.PathOf($"a{i}.onnx"), "");
            StringAssert.EndsWith(MessageOf(find), $"'{folder.PathOf("a4.onnx")}' and 2 more: name one of them.");
            foreach (var file in Directory.GetFiles(folder.Path)) File.Delete(file);
        }

        string MessageOf(Action find) => Assert.ThrowsExactly<FileNotFoundException>(find).Message;
    }

    private static ModelStore Store(TemporaryFolder folder, bool impatient = false) => new(folder.Path, null, new()
    {
        StallLimit = TimeSpan.FromSeconds(impatient ? 1 : 60),
        Pauses = [TimeSpan.Zero, TimeSpan.Zero],
    });

    private static ModelStore.Item Item(LyingServer server) => new("net", server.Address, Hash[..8]);

    private sealed class Collector(List<DownloadProgress> reports, Action<DownloadProgress>? then = null) : IProgress<DownloadProgress>
    {
        public void Report(DownloadProgress value)
        {
            reports.Add(value);
            then?.Invoke(value);
        }
    }
}
