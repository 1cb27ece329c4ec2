using System.Xml;
using System.Xml.Linq;

namespace ResNet.MLNet.Interactive;

/// <summary>Finds a section of a run's report, which is well-formed XML.</summary>
internal static class ReportSection
{
    /// <summary>The section with a heading; null if the report has none.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is not a report of a run.</exception>
    public static XElement? Find(string reportFile, string heading)
    {
        try
        {
            var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore, XmlResolver = null };
            using var reader = XmlReader.Create(reportFile, settings);
            var sections = XDocument.Load(reader).Descendants("section");
            return sections.FirstOrDefault(section => section.Element("h2")?.Value == heading);
        }
        catch (XmlException problem)
        {
            throw new InvalidDataException($"'{reportFile}' is not the report of a run: {problem.Message}", problem);
        }
    }
}
