using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using ResNet.MLNet;

[assembly: IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: IgnoresAccessChecksTo("Microsoft.ML.Data")]
[assembly: LoadableClass(typeof(ResNetTransformer), null, typeof(SignatureLoadModel), "ResNet", MLNetInternals.LoaderSignature)]

namespace System.Runtime.CompilerServices
{
    /// <summary>Tells the runtime that this assembly may use the internals of another one.</summary>
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
    {
        public string AssemblyName { get; } = assemblyName;
    }
}

namespace ResNet.MLNet
{
    /// <summary>
    /// All that this project uses of ML.NET's internals, in one place: the environment behind a catalog, schema shapes, cancellation, and
    /// what is needed so that <c>mlContext.Model.Load</c> finds the transformer in a process that only references the package.
    /// </summary>
    internal static class MLNetInternals
    {
        public const string LoaderSignature = "ResNetTransformer";
        private const string ModelEntry = "model.onnx", OptionsEntry = "options.json", DigestEntry = "digest.txt";

        // From this version on there is a digest of options and model.
        private const uint VersionWithDigest = 0x00010002;

        private static VersionInfo Version => new(
            modelSignature: "RESNETML", verWrittenCur: VersionWithDigest, verReadableCur: 0x00010001, verWeCanReadBack: 0x00010001,
            loaderSignature: LoaderSignature, loaderAssemblyName: typeof(ResNetTransformer).Assembly.GetName().Name!);

        public static IHostEnvironment EnvironmentOf(TransformsCatalog catalog) => ((IInternalCatalog)catalog).Environment;

        public static IHostEnvironment EnvironmentOf(MulticlassClassificationCatalog.MulticlassClassificationTrainers trainers) =>
            ((IInternalCatalog)trainers).Environment;

        public static bool IsCanceled(IHostEnvironment environment) => environment is ICancelable { IsCanceled: true };

        /// <exception cref="OperationCanceledException">The context is canceled.</exception>
        public static void ThrowIfCanceled(IHostEnvironment environment)
        {
            if (IsCanceled(environment)) throw new OperationCanceledException("The ML.NET context was canceled.");
        }

        /// <summary>Where to run: as the caller says, else as the context does.</summary>
        public static ExecutionDevice DeviceOf(IHostEnvironment environment, int? gpuDeviceId = null, bool? fallbackToCpu = null)
        {
            var context = environment as IHostEnvironmentInternal;
            return new(gpuDeviceId ?? context?.GpuDeviceId, fallbackToCpu ?? context?.FallbackToCpu ?? false);
        }

        /// <summary>The seed that the user gave the context; null if none.</summary>
        public static int? SeedOf(IHostEnvironment environment) => (environment as IHostEnvironmentInternal)?.Seed;

        /// <summary>Where the context wants temporary files.</summary>
        public static string TemporaryFolderOf(IHostEnvironment environment) =>
            (environment as IHostEnvironmentInternal)?.TempFilePath ?? Path.GetTempPath();

        /// <summary>The shape of columns, as estimators hand it on before there is data.</summary>
        public static IEnumerable<SchemaShape.Column> ShapeOf(DataViewSchema schema) => SchemaShape.Create(schema);

        public static IDataView CreateDataView<T>(IHostEnvironment environment, IEnumerable<T> rows)
            where T : class => DataViewConstructionUtils.CreateFromEnumerable(environment, rows);

        public static void Save(ModelSaveContext context, string options, byte[] model)
        {
            context.CheckAtModel();
            context.SetVersionInfo(Version);
            context.SaveTextStream(OptionsEntry, writer => writer.Write(options));
            context.SaveTextStream(DigestEntry, writer => writer.Write(DigestOf(options, model)));
            context.SaveBinaryStream(ModelEntry, writer => writer.Write(model));
        }

        public static (string Options, byte[] Model) Load(ModelLoadContext context)
        {
            context.CheckAtModel(Version);
            string? options = null, digest = null;
            byte[]? model = null;
            context.TryLoadTextStream(OptionsEntry, reader => options = reader.ReadToEnd());
            context.TryLoadTextStream(DigestEntry, reader => digest = reader.ReadToEnd());
            context.TryLoadBinaryStream(ModelEntry, reader => model = ReadToEnd(reader.BaseStream));
            if (options is null) throw Missing(OptionsEntry);
            if (model is null) throw Missing(ModelEntry);
            if (digest is null && context.Header.ModelVerWritten >= VersionWithDigest) throw Missing(DigestEntry);
            if (digest is null || digest == DigestOf(options, model)) return (options, model);
            throw new InvalidDataException(
                $"The saved pipeline is damaged: '{OptionsEntry}' or '{ModelEntry}' of its ResNet transformer is not as it was saved. " +
                "Copy it again, or save it again.");

            static InvalidDataException Missing(string entry) =>
                new($"The saved pipeline lacks the entry '{entry}' of its ResNet transformer.");
        }

        // The model has a digest of its own, but in a compressed file one flipped bit can hide several entries of it.
        private static string DigestOf(string options, byte[] model)
        {
            var digest = new Digest();
            digest.Append(Encoding.UTF8.GetBytes(options));
            digest.Append(model);
            return digest.ToString();
        }

        private static byte[] ReadToEnd(Stream stream)
        {
            using var memory = new MemoryStream();
            stream.CopyTo(memory);
            return memory.ToArray();
        }
    }
}
