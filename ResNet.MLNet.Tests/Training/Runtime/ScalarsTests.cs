using System.Reflection;
using TorchSharp;

namespace ResNet.Tests;

/// <summary>
/// A number that a garbage collection may free while libtorch reads it hardly ever fails within a test's second, so the test reads the
/// code itself.
/// </summary>
[TestClass]
public sealed class ScalarsTests
{
    private const BindingFlags Everything =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private const byte Call = 0x28, CallVirtual = 0x6f;

    [TestMethod]
    public void No_tensor_operation_is_given_a_bare_number()
    {
        var found = typeof(Scalars).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(Everything).Cast<MethodBase>().Concat(type.GetConstructors(Everything)))
            .SelectMany(method => UnsafeCallsOf(method).Select(call => $"{NameOf(method)} calls {NameOf(call)}"))
            .ToList();
        CollectionAssert.AreEqual(Array.Empty<string>(), found);
    }

    [TestMethod]
    public void The_look_at_the_code_finds_what_it_looks_for()
    {
        var method = typeof(ScalarsTests).GetMethod(nameof(AddsABareNumber), Everything)!;
        var calls = UnsafeCallsOf(method).Select(call => call.Name).ToList();
        CollectionAssert.AreEqual(new[] { "op_Implicit", "add_" }, calls);
    }

    private static string NameOf(MethodBase method) => $"{method.DeclaringType!.Name}.{method.Name}";

    private static IEnumerable<MethodBase> UnsafeCallsOf(MethodBase method) => CallsOf(method).Where(IsUnsafe);

    /// <summary>A number becomes a temporary native object, here or inside TorchSharp.</summary>
    private static bool IsUnsafe(MethodBase call) =>
        (call.DeclaringType == typeof(Scalar) && call.Name == "op_Implicit") ||
        (call.DeclaringType == typeof(torch.Tensor) && call.Name is "add" or "add_" && call.GetParameters().Length == 1);

    private static IEnumerable<MethodBase> CallsOf(MethodBase method)
    {
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        Type[] typeArguments = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : [];
        Type[] methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
        for (var i = 0; i + 4 < code.Length; i++)
        {
            if (code[i] is not (Call or CallVirtual)) continue;
            MethodBase? called = null;
            try
            {
                called = method.Module.ResolveMethod(BitConverter.ToInt32(code, i + 1), typeArguments, methodArguments);
            }
            catch (Exception problem) when (problem is ArgumentException or BadImageFormatException)
            {
                // The byte was part of another instruction.
            }

            if (called is not null) yield return called;
        }
    }

    private static void AddsABareNumber(torch.Tensor tensor) => tensor.mul_(2).add_(tensor);
}
