using System.Runtime.ExceptionServices;
using Microsoft.ML;
using Microsoft.ML.Data;

namespace ResNet.MLNet;

/// <summary>
/// A column of the source that is requested beside the network's. Its values are copied for rows that the source's cursor leaves behind
/// before the reader gets to them.
/// </summary>
internal abstract class CopiedColumn
{
    /// <summary>Whether values of a type may be copied: ML.NET calls those primitive that have no owner. An image has one.</summary>
    public static bool CanCopy(DataViewType type) => type is PrimitiveDataViewType or VectorDataViewType;

    /// <summary>Makes the copies of a column.</summary>
    /// <param name="row">The source's cursor.</param>
    /// <param name="column">A column that is active in it and can be copied.</param>
    /// <param name="slots">The number of rows that are kept at a time.</param>
    public static CopiedColumn Create(DataViewRow row, DataViewSchema.Column column, int slots)
    {
        var kept = column.Type is VectorDataViewType vector
            ? typeof(Vector<>).MakeGenericType(vector.ItemType.RawType)
            : typeof(Scalar<>).MakeGenericType(column.Type.RawType);
        return (CopiedColumn)Activator.CreateInstance(kept, row, column, slots)!;
    }

    /// <summary>
    /// Copies the value of the row that the source's cursor is on. What its getter throws is kept for the value's reader.
    /// </summary>
    /// <param name="slot">Where to.</param>
    public abstract void Copy(int slot);

    /// <summary>Makes a getter of the reader's row.</summary>
    /// <param name="slotOf">Gives the slot that has the row's copy; negative while the source's cursor itself is on that row.</param>
    /// <typeparam name="TValue">The column's raw type.</typeparam>
    /// <exception cref="InvalidOperationException">The column is of another type.</exception>
    public abstract ValueGetter<TValue> Getter<TValue>(Func<int> slotOf);

    private abstract class Kept<T>(DataViewRow row, DataViewSchema.Column column, int slots) : CopiedColumn
    {
        private readonly ValueGetter<T> _source = row.GetGetter<T>(column);
        private readonly ExceptionDispatchInfo?[] _problems = new ExceptionDispatchInfo?[slots];
        private readonly T[] _values = new T[slots];

        public override void Copy(int slot)
        {
            try
            {
                _problems[slot] = null;
                _source(ref _values[slot]);
            }
            catch (Exception problem)
            {
                _problems[slot] = ExceptionDispatchInfo.Capture(problem);
            }
        }

        public override ValueGetter<TValue> Getter<TValue>(Func<int> slotOf)
        {
            ValueGetter<T> getter = (ref T value) =>
            {
                var slot = slotOf();
                if (slot < 0)
                {
                    _source(ref value);
                    return;
                }

                _problems[slot]?.Throw();
                Give(_values[slot], ref value);
            };
            return getter as ValueGetter<TValue>
                ?? throw new InvalidOperationException($"The column '{column.Name}' is {column.Type}, not {typeof(TValue)}.");
        }

        /// <summary>Gives a reader a value of its own.</summary>
        protected abstract void Give(in T kept, ref T value);
    }

    private sealed class Scalar<T>(DataViewRow row, DataViewSchema.Column column, int slots) : Kept<T>(row, column, slots)
    {
        protected override void Give(in T kept, ref T value) => value = kept;
    }

    private sealed class Vector<T>(DataViewRow row, DataViewSchema.Column column, int slots) : Kept<VBuffer<T>>(row, column, slots)
    {
        protected override void Give(in VBuffer<T> kept, ref VBuffer<T> value) => kept.CopyTo(ref value);
    }
}
