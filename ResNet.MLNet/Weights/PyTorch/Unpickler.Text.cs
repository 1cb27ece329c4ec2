namespace ResNet.MLNet;

// The instructions of protocol 0, whose operands are lines of text.
internal sealed partial class Unpickler
{
    /// <summary>The instructions of protocol 0, which is a text, and of protocol 1.</summary>
    /// <returns>Whether it is one of them.</returns>
    private bool ExecuteText(byte code, int start)
    {
        switch (code)
        {
            case (byte)'I':
            case (byte)'L':
                PushInteger(_bytes.TakeDecimal());
                break;
            case (byte)'F':
                _stack.Push(_bytes.TakeFraction());
                break;
            case (byte)'S': // In quotes, with escapes in what is not plain.
                _stack.Push(_bytes.TakeLine().Trim('\'', '"'));
                break;
            case (byte)'V':
                _stack.Push(_bytes.TakeLine());
                break;
            case (byte)'l':
                _stack.Push(_stack.PopToMark().ToList());
                break;
            case (byte)'d':
                var entries = _stack.PopToMark();
                _stack.Push(new PickleDictionary());
                SetItems(entries, start);
                break;
            case (byte)'p':
                _memo[TakeIndex(start)] = _stack.Peek();
                break;
            case (byte)'g':
                _stack.Push(Remembered(TakeIndex(start), start));
                break;
            case (byte)'P':
                _bytes.TakeLine();
                _stack.Push(new PickleObject("an object outside of the pickle"));
                break;
            case (byte)'i':
                var named = new PickleGlobal(_bytes.TakeLine(), _bytes.TakeLine());
                Make(named, [_stack.PopToMark()], start);
                break;
            case (byte)'o':
                var parts = _stack.PopToMark();
                Make(parts.FirstOrDefault(), [parts[Math.Min(1, parts.Length)..]], start);
                break;
            default:
                return false;
        }

        return true;
    }

    private long TakeIndex(int start) =>
        _bytes.TakeDecimal() is var index && index >= 0 && index <= uint.MaxValue
            ? (long)index
            : throw PickleBytes.Damaged("a reference that is not a number", start);
}
