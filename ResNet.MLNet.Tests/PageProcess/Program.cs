// Usage: PageProcess PAGE.md : compiles and runs the page's blocks of C#, one after the other, in the current folder. A block sees what the
//        blocks before it declared, as in a notebook. Exits with 1 at the first that fails and names its place.
using Microsoft.CodeAnalysis.CSharp.Scripting;
using Microsoft.CodeAnalysis.Scripting;

var page = args[0];
// The implicit usings of a console application.
string[] imports =
[
    "System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks",
];
var platform = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
var options = ScriptOptions.Default
    .WithReferences(platform.Split(Path.PathSeparator))
    .WithImports(imports)
    .WithFilePath(Path.GetFileName(page));
ScriptState? state = null;
foreach (var (line, code) in Blocks(File.ReadAllLines(page)))
{
    try
    {
        // Empty lines in front, so that the compiler counts as the page does.
        var text = new string('\n', line) + code;
        state = state is null ? await CSharpScript.RunAsync(text, options) : await state.ContinueWithAsync(text, options);
        Console.WriteLine($"{page}({line}): done");
    }
    catch (CompilationErrorException problem)
    {
        Console.WriteLine(string.Join('\n', problem.Diagnostics));
        return 1;
    }
    catch (Exception problem)
    {
        Console.WriteLine($"{page}({line}): {problem}");
        return 1;
    }
}

return 0;

static IEnumerable<(int Line, string Code)> Blocks(string[] lines)
{
    for (var i = 0; i < lines.Length; i++)
    {
        if (lines[i] != "```csharp") continue;
        var code = lines.Skip(i + 1).TakeWhile(line => line != "```").ToList();
        yield return (i + 1, string.Join('\n', code));
        i += code.Count;
    }
}
