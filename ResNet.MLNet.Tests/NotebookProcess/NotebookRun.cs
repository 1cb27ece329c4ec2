using System.Diagnostics;

namespace ResNet.Tests;

/// <summary>Runs a notebook from its first cell to its last and compares what it shows with what the file has.</summary>
/// <param name="feed">The folder with the packages of this repository.</param>
/// <param name="refresh">Whether the file gets the outputs of this run.</param>
/// <param name="write">Receives what happens.</param>
internal sealed class NotebookRun(string feed, bool refresh, Action<string> write)
{
    /// <summary>Runs a notebook in the current folder; false if a cell failed or showed something else.</summary>
    public async Task<bool> RunAsync(Notebook notebook)
    {
        var name = Path.GetFileName(notebook.Path);
        using var kernel = new NotebookKernel();
        await kernel.AddSourceAsync(feed);
        var isGood = true;
        var clock = Stopwatch.StartNew();
        foreach (var (index, cell) in notebook.Cells.Where(cell => cell.IsCode).Index())
        {
            var started = clock.Elapsed;
            var result = await kernel.RunAsync(cell.Source);
            var place = $"{name}, code cell {index + 1}";
            if (result.Error is { } error)
            {
                write($"{place}: failed: {error}\n{cell.Source}");
                return false;
            }

            IReadOnlyList<NotebookOutput> outputs = cell.IsReferences ? [] : result.Outputs;
            write($"{place}: {Plural(outputs.Count)}, {(clock.Elapsed - started).TotalSeconds:0.0} s");
            if (refresh) cell.SetOutputs(outputs, index + 1);
            else isGood &= IsAsBefore(cell, outputs, place);
        }

        write($"{name}: {clock.Elapsed.TotalSeconds:0} s");
        if (refresh) notebook.Write();
        return isGood;
    }

    private bool IsAsBefore(NotebookCell cell, IReadOnlyList<NotebookOutput> outputs, string place)
    {
        if (cell.Varies && outputs.Count > 0 == cell.Outputs.Count > 0) return true;
        var expected = string.Join('\n', cell.Outputs.Select(output => output.Comparable));
        var actual = string.Join('\n', outputs.Select(output => output.Comparable));
        if (!cell.Varies && expected == actual) return true;
        write($"{place} shows something else than the file has.\nThe file:\n{expected}\nNow:\n{actual}");
        return false;
    }

    private static string Plural(int count) => count == 1 ? "1 output" : $"{count} outputs";
}
