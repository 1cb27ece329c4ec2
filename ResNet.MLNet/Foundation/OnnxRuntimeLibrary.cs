using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace ResNet.MLNet;

/// <summary>
/// The native ONNX Runtime, which the application adds as a package. It is loaded when the first model is opened or the first estimator
/// made.
/// </summary>
/// <remarks>
/// ONNX Runtime's official builds keep a device ID and a log of events in the user's cache folder, to send them to Microsoft. Here that is
/// off, unless the environment variable <c>ORT_DISABLE_TELEMETRY</c> says otherwise (0: it is on).
/// </remarks>
public static partial class OnnxRuntimeLibrary
{
    private const string Package = "Microsoft.ML.OnnxRuntime";
    private const string LibraryName = "onnxruntime";
    private const string TelemetrySwitch = "ORT_DISABLE_TELEMETRY";

    private static readonly Lazy<OnnxRuntimeInfo> Loaded = new(LoadOnce);

    /// <summary>The version that is needed, which is that of the managed assembly.</summary>
    private static string NeededVersion { get; } =
        typeof(OrtEnv).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Loads ONNX Runtime, once, and says what it is.</summary>
    /// <exception cref="InvalidOperationException">
    /// It is missing or too old; the message names the package to add and its version.
    /// </exception>
    public static OnnxRuntimeInfo Load() => Loaded.Value;

    private static OnnxRuntimeInfo LoadOnce()
    {
        try
        {
            var sendsTelemetry = SetTelemetry();
            var runtime = OrtEnv.Instance();
            // For an environment that other code made before, which did not see the variable.
            if (!sendsTelemetry) runtime.DisableTelemetryEvents();
            return new(runtime.GetVersionString(), runtime.GetAvailableProviders(), sendsTelemetry);
        }
        catch (Exception problem) when (problem is not OutOfMemoryException)
        {
            var advice =
                $"Add the package to your application, not to a library: dotnet add package {Package}@{NeededVersion} " +
                $"(for CUDA devices {Package}.Gpu in its place).";
            throw new InvalidOperationException($"{Describe(problem.GetBaseException())} {advice}", problem);
        }
    }

    private static string Describe(Exception problem)
    {
        if (FindVersion() is { } found && problem is InvalidOperationException or EntryPointNotFoundException)
            return $"The native ONNX Runtime is of version {found}, and {NeededVersion} or newer is needed.";
        return problem is DllNotFoundException
            ? $"The native ONNX Runtime (package {Package}) is missing."
            : $"The native ONNX Runtime cannot be loaded: {problem.Message}";
    }

    /// <summary>The version that a native library says of itself; null if there is none.</summary>
    private static unsafe string? FindVersion()
    {
        if (!NativeLibrary.TryLoad(LibraryName, typeof(OrtEnv).Assembly, null, out var library)) return null;
        if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out var export)) return null;
        // OrtApiBase has two functions; the second one gives the version.
        var functions = ((delegate* unmanaged<nint*>)export)();
        var version = ((delegate* unmanaged<nint>)functions[1])();
        return Marshal.PtrToStringUTF8(version);
    }

    /// <summary>Sets the native environment variable that ONNX Runtime reads when it starts; false if it is off.</summary>
    private static bool SetTelemetry()
    {
        var value = Environment.GetEnvironmentVariable(TelemetrySwitch);
        var isGiven = !string.IsNullOrEmpty(value);
        if (!isGiven) value = "1";
        if (!OperatingSystem.IsWindows())
        {
            // .NET's own variables are a copy that native code does not see.
            SetVariable(TelemetrySwitch, value!, 1);
        }
        else if (!isGiven)
        {
            Environment.SetEnvironmentVariable(TelemetrySwitch, value);
        }

        // These are the values that ONNX Runtime takes as yes.
        return value!.ToLowerInvariant() is not ("1" or "true" or "yes" or "on");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}

/// <summary>The ONNX Runtime that is loaded.</summary>
public sealed class OnnxRuntimeInfo
{
    internal OnnxRuntimeInfo(string version, IReadOnlyList<string> providers, bool sendsTelemetry)
    {
        Version = version;
        Providers = providers;
        SendsTelemetry = sendsTelemetry;
    }

    /// <summary>Its version, such as 1.31.1.</summary>
    public string Version { get; }

    /// <summary>What it can run on, such as CPUExecutionProvider.</summary>
    public IReadOnlyList<string> Providers { get; }

    /// <summary>Whether it may send events to Microsoft (see <see cref="OnnxRuntimeLibrary"/>).</summary>
    public bool SendsTelemetry { get; }
}
