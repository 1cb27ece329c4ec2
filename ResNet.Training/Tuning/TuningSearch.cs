using System.Diagnostics;
using System.Text.Json;

namespace ResNet.Training;

/// <summary>
/// Searches a recipe by successive halving: the standard recipe first, on all that there is; then rounds of candidates, each evaluated
/// on folds of the training images, of which the best third goes on.
/// </summary>
internal sealed class TuningSearch : IDisposable
{
    /// <summary>The share of the time that trials are planned for.</summary>
    private const double UsedShare = 0.95;

    /// <summary>From this share of the time on, the standard recipe leaves too little for others.</summary>
    private const double LongShare = 0.4;

    private readonly TuningOptions _options;
    private readonly IReadOnlyList<TuningRung> _rungs;
    private readonly IReadOnlyList<TuningCandidate> _candidates;
    private readonly IProgress<TuningProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly BadImages _badImages;
    private readonly TuningFolder _folder;
    private readonly TunedNetwork[] _networks;
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private readonly double _secondsBefore;
    private readonly Dictionary<TuningCandidate, int> _reached = [];
    private (int Rung, TuningCandidate Candidate) _current;
    private double _estimated, _measured;

    private TuningSearch(TuningOptions options, IProgress<TuningProgress>? progress, CancellationToken cancellation)
    {
        _options = options;
        _progress = progress;
        _cancellation = cancellation;
        var plans = options.Resolve();
        TrainingRecipe[] standards = [.. plans.Select(plan => plan.Recipe)];
        _rungs = TuningRung.For(plans[0].Data.Training.Count);
        _candidates = TuningCandidate.Propose(standards, options.Seed, options.Candidates);
        _badImages = new(options.Training.OnBadImage);
        _folder = TuningFolder.Open(options.Training.OutputFolder, options.Training.IfExists, SubjectOf(plans));
        Relay relay = new(this);
        _networks = [.. plans.Select((plan, start) => new TunedNetwork(plan, _folder.FeaturesOf(start), _badImages, relay))];
        _secondsBefore = _folder.Records.Count > 0 ? _folder.Records[^1].Elapsed : 0;
        _current = (0, _candidates[0]);
    }

    private double Elapsed => _secondsBefore + _watch.Elapsed.TotalSeconds;

    /// <summary>Searches. What can go wrong is at <see cref="ResNetTraining.Tune"/>.</summary>
    public static TuningResult Run(TuningOptions options, IProgress<TuningProgress>? progress, CancellationToken cancellation)
    {
        using TuningSearch search = new(options, progress, cancellation);
        return search.Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var network in _networks) network.Dispose();
        _folder.Dispose();
    }

    private TuningResult Run()
    {
        foreach (var note in _options.Training.Data.Notes) Report(note);
        if (_folder.Records.Count > 0) Report($"{Plural.Of(_folder.Records.Count, "trial was", "trials were")} done before.");
        var standard = _candidates[0];
        for (var rung = 0; rung < _rungs.Count; rung++)
        {
            Evaluate(standard, rung);
            if (rung == 0) WarnIfLong(standard);
        }

        var from = _folder.Records.Last(record => record.IsOf(standard, _rungs[^1].Images, _rungs[^1].Folds - 1)).Elapsed;
        var limits = TuningRung.Limits(UsedShare * _options.Time.TotalSeconds - from, Costs(standard));
        IReadOnlyList<TuningCandidate> left = [.. _candidates.Skip(1)];
        for (var rung = 0; rung < _rungs.Count; rung++)
        {
            var until = from + limits[rung];
            List<TuningCandidate> evaluated = [];
            foreach (var candidate in left)
            {
                if (MissingFolds(candidate, rung).Any() && Elapsed + SecondsOf(candidate, rung) > until) continue;
                Evaluate(candidate, rung);
                evaluated.Add(candidate);
            }

            // Of several that are best as their new head alone, which is the same, one goes on.
            left =
            [
                .. evaluated
                    .OrderBy(candidate => ScoreOf(candidate, rung).MeanLoss)
                    .DistinctBy(candidate => ScoreOf(candidate, rung).MeanLoss)
                    .Take(TuningRung.Kept(evaluated.Count)),
            ];
        }

        return Finish();
    }

    /// <summary>Says so, if the standard recipe alone will take much of the time.</summary>
    private void WarnIfLong(TuningCandidate standard)
    {
        var all = Costs(standard).Sum();
        if (all <= LongShare * _options.Time.TotalSeconds) return;
        var (needed, given) = (Durations.Text(TimeSpan.FromSeconds(all)), Durations.Text(_options.Time));
        Report($"The standard recipe alone takes about {needed} of the {given}, which leaves little for others. More time finds more.");
    }

    private TuningResult Finish()
    {
        var trials = _reached
            .OrderByDescending(pair => pair.Value)
            .ThenBy(pair => ScoreOf(pair.Key, pair.Value).MeanLoss)
            .Select((pair, place) => TrialOf(pair.Key, pair.Value, rank: place + 1))
            .ToList();
        TuningResult result = new(trials, _folder.RecipeFile, TimeSpan.FromSeconds(Elapsed));
        _folder.WriteResult(trials, result.Winner.Decided);
        for (var start = 0; start < _networks.Length; start++) TunedNetwork.Delete(_folder.FeaturesOf(start));
        return result;
    }

    /// <summary>Tries a candidate on the folds of a round, as far as that is not done.</summary>
    private void Evaluate(TuningCandidate candidate, int rung)
    {
        _current = (rung, candidate);
        var network = _networks[candidate.Start];
        var images = _rungs[rung].Images;
        foreach (var fold in MissingFolds(candidate, rung).ToList())
        {
            Stopwatch watch = new();
            var scores = network.Try(candidate.Recipe, images, fold, watch.Start, _cancellation);
            var seconds = watch.Elapsed.TotalSeconds;
            _measured += seconds;
            _estimated += network.SecondsOf(candidate.Recipe, images, _cancellation);
            _folder.Add(new(candidate.Start, images, fold, scores, seconds, Elapsed, candidate.Recipe));
        }

        _reached[candidate] = rung;
        _progress?.Report(New(completed: TrialOf(candidate, rung, rank: 0)));
    }

    private IEnumerable<int> MissingFolds(TuningCandidate candidate, int rung) => Enumerable.Range(0, _rungs[rung].Folds)
        .Where(fold => !_folder.Records.Any(record => record.IsOf(candidate, _rungs[rung].Images, fold)));

    /// <summary>What a round will take of a candidate, by the pace so far.</summary>
    private double SecondsOf(TuningCandidate candidate, int rung)
    {
        var (network, images) = (_networks[candidate.Start], _rungs[rung].Images);
        var folds = MissingFolds(candidate, rung).Count() * network.SecondsOf(candidate.Recipe, images, _cancellation);
        return Correction * (folds + network.SecondsBefore(candidate.Recipe, images, _cancellation));
    }

    /// <summary>How much longer trials took than was expected.</summary>
    private double Correction => _estimated > 0 ? _measured / _estimated : 1;

    /// <summary>What each round costs a candidate like this one; trials of a round count in the next if the images are the same.</summary>
    private List<double> Costs(TuningCandidate candidate) =>
    [
        .. _rungs.Select((rung, i) =>
        {
            var done = i > 0 && _rungs[i - 1].Images == rung.Images ? _rungs[i - 1].Folds : 0;
            return Correction * (rung.Folds - done) * _networks[candidate.Start].SecondsOf(candidate.Recipe, rung.Images, _cancellation);
        }),
    ];

    private FoldScore ScoreOf(TuningCandidate candidate, int rung)
    {
        var sums = RecordsOf(candidate, rung).Select(record => record.Scores).Aggregate((all, one) => [.. all.Zip(one, (a, b) => a + b)]);
        return FoldStage.Best(sums);
    }

    private IEnumerable<TuningRecord> RecordsOf(TuningCandidate candidate, int rung) => Enumerable.Range(0, _rungs[rung].Folds)
        .Select(fold => _folder.Records.First(record => record.IsOf(candidate, _rungs[rung].Images, fold)));

    private TuningTrial TrialOf(TuningCandidate candidate, int rung, int rank)
    {
        var score = ScoreOf(candidate, rung);
        var isStandard = candidate == _candidates[0];
        return new()
        {
            Rank = rank,
            Start = _networks[candidate.Start].Standard.Options.StartFrom!,
            Recipe = candidate.Recipe,
            IsStandard = isStandard,
            Changes = candidate.Changes,
            Round = rung + 1,
            Images = score.Images,
            Accuracy = score.Accuracy / 100,
            Loss = score.MeanLoss,
            TrainedShare = score.Share,
            Seconds = _folder.Records.Where(record => record.IsOf(candidate, record.Images, record.Fold)).Sum(record => record.Seconds),
        };
    }

    /// <summary>What a search is for: one that is resumed has the same.</summary>
    private static string SubjectOf(IReadOnlyList<TrainingPlan> plans) =>
        JsonSerializer.Serialize(plans.Select(plan => $"{plan.Identity}"), TrainingRecipe.Format);

    private void Report(string message) => _progress?.Report(New(message: message));

    private TuningProgress New(TuningTrial? completed = null, string? message = null, TrainingProgress? trial = null)
    {
        var network = _networks[_current.Candidate.Start].Standard.Options.StartFrom!.Name;
        var changes = _current.Candidate.Changes.Count == 0 ? "standard recipe" : string.Join(", ", _current.Candidate.Changes);
        return new()
        {
            Round = _current.Rung + 1,
            Candidate = $"{network}: {changes}",
            Trial = trial,
            Elapsed = TimeSpan.FromSeconds(Elapsed),
            Fraction = Math.Min(1, Elapsed / _options.Time.TotalSeconds),
            Completed = completed,
            Message = message,
        };
    }

    /// <summary>Passes on what a trial reports.</summary>
    private sealed class Relay(TuningSearch search) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => search._progress?.Report(search.New(message: value.Message, trial: value));
    }
}
