namespace ResNet.Training;

/// <summary>Lines of C# that use a model file.</summary>
internal static class ExampleCode
{
    /// <summary>The lines, separated by \n: in plain C#, then the one for an ML.NET pipeline.</summary>
    /// <param name="modelFile">The path of the model file, as the lines name it.</param>
    public static string For(string modelFile)
    {
        var path = $"\"{modelFile.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
        return string.Join(
            '\n',
            "using ResNet.MLNet;",
            $"using var model = ResNetModel.Open({path});",
            "Console.WriteLine(model.Classify(\"photo.jpg\")[0]);",
            "// In an ML.NET pipeline:",
            "var pipeline = mlContext.Transforms.ApplyResNet(",
            $"    {path}, ResNetOutput.Probabilities, \"Score\", predictedLabelColumnName: \"PredictedLabel\");");
    }
}
