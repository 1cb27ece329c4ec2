using System.Text.RegularExpressions;

namespace ResNet.MLNet;

/// <summary>A network's weights that were found in a file.</summary>
/// <param name="Weights">The tensors by torchvision's names; without <c>fc.weight</c> and <c>fc.bias</c> if it has no classifier.</param>
/// <param name="Notes">What was chosen, added or left out, in sentences.</param>
internal sealed record FoundNetwork(StateDict Weights, IReadOnlyList<string> Notes)
{
    /// <summary>The text entries beside the tensors.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = OpenedWeights.NoMetadata;

    /// <summary>The files that they were read from.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];
}

/// <summary>
/// Looks for a ResNet among all the tensors of a file: programs save optimizers, criteria, averaged weights and second networks beside it.
/// </summary>
internal static partial class NetworkSearch
{
    private const int NamesInMessage = 8;
    private const int MostNetworks = 1000;

    /// <summary>Of two networks the one that the program's own loader takes, and why.</summary>
    private static readonly (Regex Taken, Regex Left, string Reason)[] Preferences =
    [
        (Average(), Anything(), "the averaged weights (EMA), as timm's loader does"),
        (MoCoQuery(), MoCoKey(), "the query encoder, as MoCo's own evaluation does"),
    ];

    /// <summary>Finds the network among tensors by names that are torchvision's or known here.</summary>
    /// <exception cref="InvalidDataException">There is none.</exception>
    public static FoundNetwork Find(StateDict weights) => Find([TensorSet.Of(weights)], entry: null, withoutNetwork: null);

    /// <summary>Finds the network and reads its weights.</summary>
    /// <param name="sets">The tensors of the file.</param>
    /// <param name="entry">Which network, if there are several: its name or a part of it between dots; null for the only one.</param>
    /// <param name="withoutNetwork">Why there is none, in case; null: the names say so.</param>
    /// <exception cref="InvalidDataException">There is none, there are several, or its weights cannot be read.</exception>
    public static FoundNetwork Find(IReadOnlyList<TensorSet> sets, string? entry, string? withoutNetwork)
    {
        var all = sets.SelectMany(NetworkNames.In).Take(MostNetworks).ToList();
        if (all.Count == 0) throw new InvalidDataException(withoutNetwork ?? NoStem(sets));
        var complete = all.Where(network => network.HasBlocks).ToList();
        // What only begins like a ResNet is read too: the check of its architecture says what is different.
        var networks = complete.Count > 0 ? Distinct(complete) : [all.MinBy(network => network.Prefix.Length)!];
        List<string> notes = [];
        var chosen = Choose(networks, entry, notes);
        var others = complete.Where(network => network != chosen && network.Set == chosen.Set).ToList();
        return NetworkExtraction.Extract(chosen, others, notes);
    }

    /// <summary>Whether a network was trained by MoCo: what stands behind its features is not a classifier.</summary>
    public static bool IsContrastive(string name) => MoCoQuery().IsMatch(name) || MoCoKey().IsMatch(name);

    /// <summary>Names for a message, the first few of many.</summary>
    public static string Shown(IEnumerable<string> names)
    {
        var all = names.ToList();
        return string.Join(", ", all.Take(NamesInMessage)) + (all.Count > NamesInMessage ? ", ..." : "");
    }

    private static string NoStem(IReadOnlyList<TensorSet> sets) =>
        "These are not a ResNet's weights: there is no tensor 'conv1.weight'. There are " +
        $"{Shown(sets.SelectMany(set => set.Tensors.Keys).Take(NamesInMessage + 1))}.";

    /// <summary>Networks of which no two are the same numbers under two names.</summary>
    private static List<NetworkNames> Distinct(List<NetworkNames> networks) =>
    [
        .. networks.GroupBy(network => network.Place ?? network)
            .Select(same => same.OrderByDescending(each => each.Set.Tensors.Count).ThenBy(each => each.Prefix.Length).First()),
    ];

    private static NetworkNames Choose(List<NetworkNames> networks, string? entry, List<string> notes)
    {
        var fitting = entry is null ? networks : WithEntry(networks, entry);
        if (fitting is [var only]) return only;
        if (entry is null && networks is [var first, var second])
        {
            foreach (var (taken, left, reason) in Preferences)
            {
                if (Prefers(first, second)) return Take(first, second, reason);
                if (Prefers(second, first)) return Take(second, first, reason);

                bool Prefers(NetworkNames one, NetworkNames other) =>
                    taken.IsMatch(one.Name) && !taken.IsMatch(other.Name) && left.IsMatch(other.Name);
            }
        }

        var names = Shown(networks.Select(network => $"'{network.Name}'"));
        throw new InvalidDataException(fitting.Count == 0
            ? $"It has no network by the entry '{entry}'. Its networks are {names}."
            : $"It holds {networks.Count} networks: {names}. Name one of them as the entry to take.");

        NetworkNames Take(NetworkNames one, NetworkNames other, string reason)
        {
            notes.Add($"Of the networks '{one.Name}' and '{other.Name}', the first was taken: {reason}. The entry can be named to choose.");
            return one;
        }
    }

    private static List<NetworkNames> WithEntry(List<NetworkNames> networks, string entry)
    {
        var exact = networks.FindAll(network => network.Name == entry);
        return exact.Count > 0 ? exact : networks.FindAll(network => $".{network.Name}.".Contains($".{entry}.", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"(^|[._])(ema|swa|averaged?)([._]|$)", RegexOptions.IgnoreCase)]
    private static partial Regex Average();

    [GeneratedRegex("")]
    private static partial Regex Anything();

    /// <summary>MoCo v1 and v2, v3.</summary>
    [GeneratedRegex(@"(^|\.)(encoder_q|base_encoder)(\.|$)")]
    private static partial Regex MoCoQuery();

    [GeneratedRegex(@"(^|\.)(encoder_k|momentum_encoder)(\.|$)")]
    private static partial Regex MoCoKey();
}
