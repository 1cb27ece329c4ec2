using System.CommandLine;

namespace ResNet.Cli;

/// <summary>`resnet export`: a run that was stopped becomes a model file and a report.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var run = new Argument<string>("RUN") { Description = "The output folder of a training run." };
        var output = new Option<string?>("--output")
        {
            HelpName = "FILE",
            Description = "The model file to write (.onnx). [default: model.onnx in the run's folder]",
        };
        var report = new Option<string?>("--report")
        {
            HelpName = "FILE",
            Description = "The report to write (.html). With --output the run may still be going on. [default: report.html in the run's " +
                "folder]",
        };
        output.RefuseFolder();
        report.RefuseFolder();
        var command = new Command("export", "Makes the model file and the report of a run that was stopped, without its images.")
        {
            run,
            output,
            report,
        };
        command.SetWork((parsed, _) =>
        {
            var exported = ResNetTraining.Export(parsed.GetRequiredValue(run), parsed.GetValue(output), parsed.GetValue(report));
            foreach (var note in exported.Notes) Console.Error.WriteLine(note);
            Console.Out.WriteLine(PlainText.Of(exported.Card.Source!));
            if (exported.Card.Metrics is { } metrics && metrics.TryGetValue("top1", out var top1))
                Console.Out.WriteLine($"top-1 accuracy  {100 * top1:0.00} %");
            Console.Out.WriteLine(PlainText.Of($"Model file: {exported.ModelFile}"));
            if (exported.ReportFile is { } page) Console.Out.WriteLine(PlainText.Of($"Report: {page}"));
            return ExitCode.Done;
        });
        return command;
    }
}
