namespace ResNet.MLNet;

/// <summary>Runs the network on the images of some rows, together.</summary>
internal static class RowBatch
{
    /// <summary>
    /// Gives each row its scores or its problem, for the one thread whose <see cref="RowSlot.TryBegin"/> gave true for each. An image that
    /// cannot be read is only its own row's problem.
    /// </summary>
    /// <param name="rows">The rows, no more than a batch.</param>
    /// <param name="transformer">Whose network.</param>
    /// <param name="sharing">How the run shares the machine.</param>
    public static void Run(IReadOnlyList<RowSlot> rows, ResNetTransformer transformer, Sharing sharing)
    {
        try
        {
            using var worker = transformer.Rent(sharing);
            var count = Prepare(rows, worker);
            if (count > 0) SetScores(rows, worker.Run(count));
        }
        catch (Exception problem)
        {
            // Kept for the thread that reads these rows, in their turn.
            foreach (var row in rows) row.Fail(problem);
        }
        finally
        {
            foreach (var row in rows) row.End();
        }
    }

    /// <summary>Prepares the images that can be read, one behind the other, and gives their number.</summary>
    private static int Prepare(IReadOnlyList<RowSlot> rows, WorkerLease worker)
    {
        var count = 0;
        foreach (var row in rows)
        {
            try
            {
                worker.Prepare(count, row.Image.Input);
                count++;
            }
            catch (InvalidImageException problem)
            {
                row.Fail(problem);
            }
        }

        return count;
    }

    private static void SetScores(IReadOnlyList<RowSlot> rows, ReadOnlySpan<float> scores)
    {
        foreach (var row in rows)
        {
            if (row.Problem is not null) continue;
            var width = row.Scores.Length;
            scores[..width].CopyTo(row.Scores);
            scores = scores[width..];
        }
    }
}
