using System.Globalization;
using System.Xml.Linq;
using Microsoft.DotNet.Interactive.Formatting;
using static ResNet.MLNet.Html;

namespace ResNet.MLNet.Interactive;

/// <summary>
/// Shows a training run while it goes on: a progress bar, the time left, messages, and the curves of the epochs so far. Give it to
/// <see cref="ResNetTraining.Run"/> or to <see cref="ResNetTrainer.Options.Progress"/> in the cell that trains.
/// </summary>
public sealed class TrainingMonitor : IProgress<TrainingProgress>
{
    private readonly List<EpochMetrics> _history = [];
    private readonly List<string> _messages = [];
    private DisplayedValue? _display;
    private long _lastShown;

    /// <summary>The shortest time between two updates, so that a notebook's page keeps up. Default: half a second.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>The epochs that are complete.</summary>
    public IReadOnlyList<EpochMetrics> History => _history;

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Completed is { } epoch) _history.Add(epoch);
        if (value.Message is { } message) _messages.Add(message);
        var isDue = _lastShown == 0 || TimeProvider.System.GetElapsedTime(_lastShown) >= Interval;
        if (!isDue && value is { Completed: null, Message: null, Fraction: < 1 }) return;
        _lastShown = TimeProvider.System.GetTimestamp();
        var view = Draw(value);
        if (_display is null) _display = Show(view);
        else _display.Update(view);
    }

    /// <summary>
    /// Shows a view that can be updated. What <c>Display</c> returns in 1.0.0-beta.26120.1 has another ID than what it showed, so that an
    /// update would show a second one; the value that was shown is caught on its way.
    /// </summary>
    private static DisplayedValue Show(View view)
    {
        DisplayedValue? shown = null;
        using (Formatter.SubscribeToDisplayedValues(value => shown ??= value)) view.Display();
        return shown!;
    }

    private View Draw(TrainingProgress value)
    {
        var share = string.Create(CultureInfo.InvariantCulture, $"{value.Fraction:P0}");
        var left = value.Fraction is > 0 and < 1 ? $", {value.Remaining.TotalSeconds:0} s left" : "";
        var line = $"{share}, {value.Activity}{left}";
        return new(
            string.Join('\n', _messages.Prepend(line)),
            Bar(value.Fraction, line),
            _messages.Select(message => Element("p", message)),
            _history.Count > 0 ? Views.CurvesHtml(_history) : null);
    }

    private static XElement Bar(double fraction, string text) => Element("p",
        Element("progress", Attribute("max", "1"), Attribute("value", fraction.ToString("0.###", CultureInfo.InvariantCulture))),
        $" {text}");
}
