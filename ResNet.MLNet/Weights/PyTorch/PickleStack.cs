namespace ResNet.MLNet;

/// <summary>The stack that a pickle's instructions work on. What lies below the last mark is out of reach until the mark is gone.</summary>
internal sealed class PickleStack(PickleBytes bytes)
{
    private readonly List<object?> _values = [];
    private readonly Stack<int> _marks = new();

    private int Bottom => _marks.TryPeek(out var mark) ? mark : 0;

    public void Clear()
    {
        _values.Clear();
        _marks.Clear();
    }

    public void Mark() => _marks.Push(_values.Count);

    public void Push(object? value) => _values.Add(value);

    public object? Peek() => _values.Count > Bottom ? _values[^1] : throw Empty();

    public object? Pop()
    {
        var value = Peek();
        _values.RemoveAt(_values.Count - 1);
        return value;
    }

    public object?[] Pop(int count)
    {
        if (_values.Count - Bottom < count) throw Empty();
        var values = _values.GetRange(_values.Count - count, count).ToArray();
        _values.RemoveRange(_values.Count - count, count);
        return values;
    }

    public object?[] PopToMark()
    {
        if (!_marks.TryPeek(out var mark)) throw PickleBytes.Damaged("an end without its beginning", bytes.Position);
        var values = Pop(_values.Count - mark);
        _marks.Pop();
        return values;
    }

    private InvalidDataException Empty() => PickleBytes.Damaged("nothing where something is wanted", bytes.Position);
}
