using Microsoft.DotNet.Interactive.Formatting;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet.Interactive;

/// <summary>
/// What makes notebooks show the types of ResNet.MLNet, ResNet.Training and ML.NET: images, predictions, results of training, tables.
/// </summary>
public static class NotebookFormatters
{
    /// <summary>
    /// Registers the formatters. A notebook that references this package has them; an application that calls <c>Display()</c> registers
    /// them first.
    /// </summary>
    public static void Register()
    {
        Register<View>(view => view);
        Register<Picture>(picture => Views.Pictures([picture], height: 224));
        Register<MLImage>(image => Views.Pictures([new Picture(image)], Math.Clamp(image.Height, 16, 224)));
        Register<ActivationMap>(map => Views.Pictures([new Picture(map, Views.Percent(map.Prediction.Probability))], height: 224));
        Register<IEnumerable<ClassPrediction>>(Views.Predictions);
        Register<IEnumerable<EpochMetrics>>(history => Views.Curves([.. history]));
        Register<TrainingResult>(Result);
        Register<IDataView>(Views.Table);
    }

    private static View Result(TrainingResult result)
    {
        var labels = ModelCard.Read(result.ModelFile)?.Labels;
        var curves = Views.Curves(result.History);
        if (labels is null || result.Validation is not { } validation) return curves;
        var confusion = Views.Confusion(labels, validation.Confusion);
        return new($"{curves.Text}\n{confusion.Text}", Views.CurvesHtml(result.History), confusion.Html.Elements().Skip(1));
    }

    private static void Register<T>(Func<T, View> show)
    {
        Formatter.Register<T>(value => show(value).ToHtml(), HtmlFormatter.MimeType);
        Formatter.Register<T>(value => show(value).Text, PlainTextFormatter.MimeType);
        Formatter.SetPreferredMimeTypesFor(typeof(T), HtmlFormatter.MimeType, PlainTextFormatter.MimeType);
    }
}
