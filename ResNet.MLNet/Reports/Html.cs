using System.Collections;
using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace ResNet.MLNet;

/// <summary>Builds HTML that is well-formed XML, too, and SVG. Text goes through here, so none of it can be taken for markup.</summary>
internal static class Html
{
    public static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly HashSet<string> WithoutContent = ["meta", "img", "br", "rect", "line", "path", "circle", "stop"];

    /// <summary>An element.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">Attributes, elements, text, and sequences of them; null for nothing.</param>
    public static XElement Element(XName name, params object?[] content)
    {
        var element = new XElement(name);
        foreach (var part in content) Add(element, part);
        // An HTML parser takes <td /> for a start.
        if (element.IsEmpty && !WithoutContent.Contains(name.LocalName)) element.Value = "";
        return element;
    }

    public static XAttribute Attribute(string name, string value) => new(name, Clean(value));

    public static XAttribute Attribute(string name, double value) => new(name, Number(value));

    public static XAttribute Class(string names) => new("class", names);

    /// <summary>A number as attributes and style sheets want it.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A file of this folder that is compiled in.</summary>
    public static string Resource(string name)
    {
        using var stream = typeof(Html).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The resource '{name}' is missing.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Writes a document with one root.</summary>
    public static void Write(string path, string? documentType, XElement root) => AtomicFile.Write(path, stream =>
    {
        var settings = new XmlWriterSettings
        {
            OmitXmlDeclaration = documentType is not null,
            Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            NewLineChars = "\n",
        };
        using var writer = XmlWriter.Create(stream, settings);
        if (documentType is not null) writer.WriteRaw($"<!DOCTYPE {documentType}>\n");
        root.WriteTo(writer);
    });

    private static void Add(XElement element, object? part)
    {
        switch (part)
        {
            case string text:
                element.Add(Clean(text));
                break;
            case IEnumerable parts and not XElement:
                foreach (var item in parts) Add(element, item);
                break;
            default:
                element.Add(part);
                break;
        }
    }

    /// <summary>File names may hold characters that XML cannot.</summary>
    private static string Clean(string text)
    {
        if (text.All(XmlConvert.IsXmlChar)) return text;
        var clean = new StringBuilder(text.Length);
        // Lone halves of surrogate pairs are replaced on the way.
        foreach (var rune in text.EnumerateRunes()) clean.Append(IsAllowed(rune) ? rune : Rune.ReplacementChar);
        return clean.ToString();
    }

    private static bool IsAllowed(Rune rune) => rune.Value >= 0x10000 || XmlConvert.IsXmlChar((char)rune.Value);
}
