using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Events;
using Microsoft.DotNet.Interactive.PackageManagement;

namespace ResNet.Tests;

/// <summary>A kernel for C# that knows <c>#r "nuget: ..."</c> and runs the extensions of packages, as dotnet-interactive does.</summary>
internal sealed class NotebookKernel : IDisposable
{
    private const string CSharp = "csharp";

    /// <summary>Where dotnet-interactive looks for what a package wants to be run when it is referenced.</summary>
    private static readonly string ExtensionScript = Path.Combine("interactive-extensions", "dotnet", "extension.dib");

    private readonly CompositeKernel _kernel = new() { DefaultKernelName = CSharp };

    public NotebookKernel()
    {
        var csharp = new CSharpKernel().UseKernelHelpers().UseValueSharing();
        csharp.UseNugetDirective(LoadAsync, false);
        _kernel.Add(csharp, ["c#", ".net-csharp"]);
    }

    /// <summary>Adds a folder of packages.</summary>
    public async Task AddSourceAsync(string folder)
    {
        var result = await RunAsync($"#i \"nuget:{folder}\"");
        if (result.Error is { } error) throw new InvalidOperationException(error);
    }

    /// <summary>Runs a cell.</summary>
    public async Task<CellResult> RunAsync(string code)
    {
        var result = await _kernel.SendAsync(new SubmitCode(code, CSharp));
        List<NotebookOutput> outputs = [];
        string? error = null;
        foreach (var each in result.Events)
        {
            switch (each)
            {
                case StandardOutputValueProduced or StandardErrorValueProduced:
                    var text = ((DisplayEvent)each).FormattedValues.First().Value;
                    if (outputs.Count > 0 && outputs[^1].IsWritten) outputs[^1] = outputs[^1].Append(text);
                    else outputs.Add(NotebookOutput.Written(text));
                    break;
                case DisplayedValueUpdated updated:
                    var place = outputs.FindIndex(output => output.DisplayId == updated.ValueId);
                    var update = NotebookOutput.Displayed(Formats(updated), updated.ValueId);
                    if (place >= 0) outputs[place] = update;
                    else outputs.Add(update);
                    break;
                case DisplayedValueProduced displayed:
                    outputs.Add(NotebookOutput.Displayed(Formats(displayed), displayed.ValueId));
                    break;
                case ReturnValueProduced returned:
                    outputs.Add(NotebookOutput.Returned(Formats(returned)));
                    break;
                case CommandFailed failed:
                    error = failed.Message;
                    break;
            }
        }

        return new(outputs, error);
    }

    public void Dispose() => _kernel.Dispose();

    private static Dictionary<string, string> Formats(DisplayEvent shown) =>
        shown.FormattedValues.ToDictionary(value => value.MimeType, value => value.Value);

    private async Task LoadAsync(CSharpKernel kernel, IReadOnlyList<ResolvedPackageReference> packages)
    {
        kernel.AddAssemblyReferences(packages.SelectMany(package => package.AssemblyPaths));
        foreach (var package in packages.Where(package => package.PackageRoot is not null))
        {
            var script = Path.Combine(package.PackageRoot, ExtensionScript);
            if (!File.Exists(script)) continue;
            var result = await _kernel.SendAsync(new SubmitCode(await File.ReadAllTextAsync(script)));
            if (result.Events.OfType<CommandFailed>().FirstOrDefault() is { } failed)
                throw new InvalidOperationException($"{script} failed: {failed.Message}");
        }
    }
}

/// <summary>What a cell showed, and why it failed; null if it did not.</summary>
internal sealed record CellResult(IReadOnlyList<NotebookOutput> Outputs, string? Error);
