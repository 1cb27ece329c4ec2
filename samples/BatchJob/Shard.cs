namespace BatchJob;

/// <summary>A part of the images: of every <see cref="Of"/> the one at place <see cref="Number"/>, from 0.</summary>
internal sealed record Shard(int Number, int Of)
{
    /// <summary>What Kubernetes sets in the pods of an indexed job, and Slurm in the tasks of an array.</summary>
    public const string Variables = "JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID, 0";

    /// <summary>The name says of how many shards it is, so that files of two ways to split are not mixed up.</summary>
    public string FileName => $"shard-{Number:D5}-of-{Of:D5}.csv";

    /// <summary>The shard that is asked for; where none is, the one that the environment names.</summary>
    /// <param name="number">From 0; null to take it from the environment.</param>
    /// <param name="of">
    /// The number of shards, which no variable gives: the size of a Slurm array is smaller where only some tasks are repeated.
    /// </param>
    /// <exception cref="ShardException">There is no such shard.</exception>
    public static Shard Choose(int? number, int of)
    {
        var source = "--shard";
        foreach (var variable in new[] { "JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID" })
        {
            if (number is not null || Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text) continue;
            source = variable;
            if (!int.TryParse(text, out var value)) throw new ShardException($"{variable} is '{text}', which is not a number.");
            number = value;
        }

        if (of < 1) throw new ShardException($"--of is {of}; it is 1 or more.");
        if (number is null && of > 1) throw new ShardException($"--of {of} needs --shard, a number from 0 to {of - 1}.");
        if (number < 0 || number >= of)
            throw new ShardException($"{source} is {number}; with --of {of} it is 0 to {of - 1}.");
        return new(number ?? 0, of);
    }

    /// <summary>The images of this shard.</summary>
    public IEnumerable<string> Select(IEnumerable<string> paths) => paths.Where((_, index) => index % Of == Number);
}

/// <summary>There is no such shard.</summary>
internal sealed class ShardException(string message) : Exception(message);
