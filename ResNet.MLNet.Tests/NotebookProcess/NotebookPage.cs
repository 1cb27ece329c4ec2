using System.Net;
using System.Text;

namespace ResNet.Tests;

/// <summary>A notebook with its outputs as an HTML page.</summary>
internal static class NotebookPage
{
    private const string Style =
        "body { max-width: 1000px; margin: 32px auto; font: 15px/1.5 system-ui, sans-serif; color: #16191d; } " +
        "pre { background: #f6f7f9; padding: 12px 16px; border-radius: 6px; overflow-x: auto; font-size: 13px; } " +
        ".output pre { background: none; }";

    public static void Write(Notebook notebook, string file)
    {
        var text = new StringBuilder($"<!DOCTYPE html><html><head><meta charset=\"utf-8\"><style>{Style}</style></head><body>\n");
        foreach (var cell in notebook.Cells)
        {
            if (!cell.IsCode)
            {
                foreach (var paragraph in cell.Source.Split("\n\n")) text.Append(Paragraph(paragraph));
                continue;
            }

            text.Append($"<pre>{WebUtility.HtmlEncode(cell.Source)}</pre>\n");
            foreach (var output in cell.Outputs)
            {
                var shown = output.Formats.TryGetValue("text/html", out var html)
                    ? html
                    : $"<pre>{WebUtility.HtmlEncode(output.Formats.Values.First())}</pre>";
                text.Append($"<div class=\"output\">{shown}</div>\n");
            }
        }

        File.WriteAllText(file, text.Append("</body></html>\n").ToString());
    }

    private static string Paragraph(string text)
    {
        var level = text.TakeWhile(letter => letter == '#').Count();
        var name = level > 0 ? $"h{level}" : "p";
        return $"<{name}>{WebUtility.HtmlEncode(text[level..].Trim())}</{name}>\n";
    }
}
