using System.Reflection;
using System.Text.Json.Serialization.Metadata;

namespace ResNet.MLNet;

/// <summary>
/// Lets JSON that lacks an entry leave a property as the type's constructor made it. The reading code that System.Text.Json generates gives
/// an init-only property the default of its type instead (dotnet/runtime, issue 58770): a crop of 0 pixels where 224 is meant.
/// </summary>
internal static class JsonDefaults
{
    /// <summary>A modifier for the metadata of <typeparamref name="T"/>; other types pass unchanged.</summary>
    /// <param name="create">Makes the object that the entries are put into.</param>
    public static Action<JsonTypeInfo> Keep<T>(Func<T> create)
        where T : class
    {
        return info =>
        {
            if (info is not JsonTypeInfo<T> type) return;
            type.CreateObject = create;
            foreach (var property in type.Properties)
            {
                if (property.AttributeProvider is PropertyInfo { SetMethod: { } setter })
                    property.Set = (to, value) => setter.Invoke(to, BindingFlags.DoNotWrapExceptions, null, [value], null);
            }
        };
    }
}
