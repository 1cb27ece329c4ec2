using System.Globalization;
using System.Numerics;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// The classes in the type of the label that a network was trained with, as the values of a key, so that MapKeyToValue gives back what
/// MapValueToKey was given: numbers as numbers, not as their digits. The model card has their texts.
/// </summary>
internal static class LabelValues
{
    /// <summary>Adds the values to a column's annotations.</summary>
    /// <param name="annotations">The annotations.</param>
    /// <param name="texts">The classes, as <see cref="LabelColumn.KeyNames"/> gives them.</param>
    /// <param name="kind">Their type.</param>
    /// <exception cref="InvalidDataException">A text is not of that type.</exception>
    public static void AddTo(DataViewSchema.Annotations.Builder annotations, IReadOnlyList<string> texts, DataKind kind)
    {
        const DateTimeStyles AsWritten = DateTimeStyles.RoundtripKind;
        var culture = CultureInfo.InvariantCulture;
        switch (kind)
        {
            case DataKind.SByte: AddNumbers<sbyte>(NumberDataViewType.SByte); break;
            case DataKind.Byte: AddNumbers<byte>(NumberDataViewType.Byte); break;
            case DataKind.Int16: AddNumbers<short>(NumberDataViewType.Int16); break;
            case DataKind.UInt16: AddNumbers<ushort>(NumberDataViewType.UInt16); break;
            case DataKind.Int32: AddNumbers<int>(NumberDataViewType.Int32); break;
            case DataKind.UInt32: AddNumbers<uint>(NumberDataViewType.UInt32); break;
            case DataKind.Int64: AddNumbers<long>(NumberDataViewType.Int64); break;
            case DataKind.UInt64: AddNumbers<ulong>(NumberDataViewType.UInt64); break;
            case DataKind.Single: AddNumbers<float>(NumberDataViewType.Single); break;
            case DataKind.Double: AddNumbers<double>(NumberDataViewType.Double); break;
            case DataKind.Boolean: Add(BooleanDataViewType.Instance, bool.Parse); break;
            case DataKind.TimeSpan: Add(TimeSpanDataViewType.Instance, text => TimeSpan.Parse(text, culture)); break;
            case DataKind.DateTime: Add(DateTimeDataViewType.Instance, text => DateTime.Parse(text, culture, AsWritten)); break;
            case DataKind.DateTimeOffset:
                Add(DateTimeOffsetDataViewType.Instance, text => DateTimeOffset.Parse(text, culture, AsWritten));
                break;
            default: Add(TextDataViewType.Instance, text => text.AsMemory()); break;
        }

        void AddNumbers<T>(PrimitiveDataViewType type)
            where T : struct, INumber<T> => Add(type, text => T.Parse(text, culture));

        void Add<T>(PrimitiveDataViewType type, Func<string, T> read)
        {
            var values = new VBuffer<T>(texts.Count, Read(texts, read, kind));
            annotations.Add("KeyValues", new VectorDataViewType(type, texts.Count), (ref VBuffer<T> to) => values.CopyTo(ref to));
        }
    }

    /// <summary>A text that every type has a value for, where only the type matters.</summary>
    public static string Sample(DataKind kind) => kind switch
    {
        DataKind.Boolean => bool.FalseString,
        DataKind.TimeSpan => TimeSpan.Zero.ToString(),
        DataKind.DateTime or DataKind.DateTimeOffset => LabelColumn.TextOf(default(DateTimeOffset)),
        _ => "0",
    };

    private static T[] Read<T>(IReadOnlyList<string> texts, Func<string, T> read, DataKind kind)
    {
        try
        {
            return [.. texts.Select(read)];
        }
        catch (Exception problem) when (problem is FormatException or OverflowException)
        {
            throw new InvalidDataException($"The classes of the network are not values of type {kind}: {problem.Message}", problem);
        }
    }
}
