using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace ResNet.MLNet;

/// <summary>A Python class or function that a pickle names. It is never looked up: what may be made of one is in <see cref="Unpickler"/>'s caller.</summary>
internal sealed record PickleGlobal(string Module, string Name)
{
    public override string ToString() => $"{Module}.{Name}";
}

/// <summary>A dictionary of a pickle, in its order. Keys may be of any kind.</summary>
internal sealed class PickleDictionary
{
    public List<(object? Key, object? Value)> Entries { get; } = [];
}

/// <summary>
/// Reads Python's pickle format as far as saved weights need it (numbers, texts, tuples, lists, dictionaries, references), and nothing that could run code:
/// a global is only a name, handed to <paramref name="construct"/>, which refuses what it does not know.
/// </summary>
/// <remarks>Source: CPython's pickletools, protocols 0 to 5. Every instruction takes at least a byte and makes at most one object, so memory stays in proportion to the file.</remarks>
/// <param name="data">The bytes.</param>
/// <param name="construct">Makes an object of a global and its arguments.</param>
/// <param name="persistent">Makes an object of a persistent id (PyTorch: a storage).</param>
internal sealed class Unpickler(ReadOnlyMemory<byte> data, Func<PickleGlobal, object?[], object?> construct, Func<object?, object?> persistent)
{
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private readonly Dictionary<long, object?> _memo = [];
    private int _at;

    /// <summary>Where the next pickle or what else follows begins.</summary>
    public int Position => _at;

    /// <summary>Reads one pickle.</summary>
    /// <exception cref="InvalidDataException">It is damaged or asks for what is refused; the message says which byte or name.</exception>
    public object? Read()
    {
        _stack.Clear();
        _marks.Clear();
        _memo.Clear();
        while (true)
        {
            var start = _at;
            var code = Take(1)[0];
            if (code == (byte)'.') return Pop();
            Execute(code, start);
        }
    }

    private void Execute(byte code, int start)
    {
        switch (code)
        {
            case 0x80: // PROTO
                if (Take(1)[0] > 5) throw Damaged("a protocol above 5", start);
                break;
            case 0x95: // FRAME
                Take(8);
                break;
            case (byte)'(':
                _marks.Push(_stack.Count);
                break;
            case (byte)'0':
                Pop();
                break;
            case (byte)'1':
                PopToMark();
                break;
            case (byte)'2':
                Push(Peek());
                break;
            case (byte)'N':
                Push(null);
                break;
            case 0x88:
            case 0x89:
                Push(code == 0x88);
                break;
            case (byte)'J':
                Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
                break;
            case (byte)'K':
                Push((long)Take(1)[0]);
                break;
            case (byte)'M':
                Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
                break;
            case 0x8a: // LONG1
                var number = new BigInteger(Take(Take(1)[0]));
                Push(number >= long.MinValue && number <= long.MaxValue ? (long)number : (object)number);
                break;
            case (byte)'G':
                Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
                break;
            case (byte)'X':
                Push(Text(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
                break;
            case 0x8c: // SHORT_BINUNICODE
                Push(Text(Take(1)[0]));
                break;
            case 0x8d: // BINUNICODE8
                Push(Text(BinaryPrimitives.ReadUInt64LittleEndian(Take(8))));
                break;
            case (byte)'U': // SHORT_BINSTRING, of Python 2
                Push(Encoding.Latin1.GetString(Take(Take(1)[0])));
                break;
            case (byte)'T': // BINSTRING
                Push(Encoding.Latin1.GetString(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))));
                break;
            case (byte)'C': // SHORT_BINBYTES
                Push(Take(Take(1)[0]).ToArray());
                break;
            case (byte)'B': // BINBYTES
                Push(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))).ToArray());
                break;
            case (byte)'}':
                Push(new PickleDictionary());
                break;
            case (byte)']':
                Push(new List<object?>());
                break;
            case (byte)')':
                Push(Array.Empty<object?>());
                break;
            case (byte)'t':
                Push(PopToMark());
                break;
            case 0x85:
            case 0x86:
            case 0x87:
                Push(Pop(code - 0x84));
                break;
            case (byte)'a':
                var item = Pop();
                Top<List<object?>>("a list", start).Add(item);
                break;
            case (byte)'e':
                var items = PopToMark();
                Top<List<object?>>("a list", start).AddRange(items);
                break;
            case (byte)'s':
                var pair = Pop(2);
                Top<PickleDictionary>("a dictionary", start).Entries.Add((pair[0], pair[1]));
                break;
            case (byte)'u':
                SetItems(PopToMark(), start);
                break;
            case (byte)'q':
                _memo[Take(1)[0]] = Peek();
                break;
            case (byte)'r':
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek();
                break;
            case 0x94: // MEMOIZE
                _memo[_memo.Count] = Peek();
                break;
            case (byte)'h':
                Push(Remembered(Take(1)[0], start));
                break;
            case (byte)'j':
                Push(Remembered(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)), start));
                break;
            case (byte)'c':
                Push(new PickleGlobal(Line(), Line()));
                break;
            case 0x93: // STACK_GLOBAL
                var names = Pop(2);
                Push(names is [string module, string name] ? new PickleGlobal(module, name) : throw Damaged("a global without a name", start));
                break;
            case (byte)'Q':
                Push(persistent(Pop()));
                break;
            case (byte)'R':
                var call = Pop(2);
                Push(call is [PickleGlobal global, object?[] arguments] ? construct(global, arguments) : throw Damaged("a call of what is no global", start));
                break;
            case (byte)'b':
                // BUILD gives an object its attributes. Only dictionaries (OrderedDict and its _metadata) get here, and theirs are not needed.
                Pop();
                Top<PickleDictionary>("a dictionary", start);
                break;
            default:
                throw Damaged($"the instruction 0x{code:x2}, which saved weights do not need", start);
        }
    }

    private void SetItems(object?[] items, int start)
    {
        if (items.Length % 2 != 0) throw Damaged("a key without a value", start);
        var entries = Top<PickleDictionary>("a dictionary", start).Entries;
        for (var i = 0; i < items.Length; i += 2) entries.Add((items[i], items[i + 1]));
    }

    private object? Remembered(long index, int start) => _memo.TryGetValue(index, out var value) ? value : throw Damaged($"a reference to {index}, which is not there", start);

    private string Text(ulong length) => Encoding.UTF8.GetString(Take(length));

    private string Line()
    {
        var length = data.Span[_at..].IndexOf((byte)'\n');
        if (length < 0) throw new InvalidDataException("It is cut off in the name of a global.");
        var line = Encoding.UTF8.GetString(data.Span.Slice(_at, length));
        _at += length + 1;
        return line;
    }

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)(data.Length - _at)) throw new InvalidDataException($"It is cut off or damaged: {count:N0} bytes are wanted at byte {_at:N0} of {data.Length:N0}.");
        var span = data.Span.Slice(_at, (int)count);
        _at += (int)count;
        return span;
    }

    private void Push(object? value) => _stack.Add(value);

    private object? Peek() => _stack.Count > Bottom ? _stack[^1] : throw Damaged("nothing where something is wanted", _at);

    private object? Pop()
    {
        var value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] Pop(int count)
    {
        if (_stack.Count - Bottom < count) throw Damaged("nothing where something is wanted", _at);
        var values = _stack.GetRange(_stack.Count - count, count).ToArray();
        _stack.RemoveRange(_stack.Count - count, count);
        return values;
    }

    private object?[] PopToMark()
    {
        if (!_marks.TryPeek(out var mark)) throw Damaged("an end without its beginning", _at);
        var values = Pop(_stack.Count - mark);
        _marks.Pop();
        return values;
    }

    /// <summary>What lies below the last mark is out of reach until the mark is gone.</summary>
    private int Bottom => _marks.TryPeek(out var mark) ? mark : 0;

    private T Top<T>(string what, int start)
        where T : class => Peek() as T ?? throw Damaged($"something else than {what}", start);

    private static InvalidDataException Damaged(string what, int at) => new($"The pickle in it has {what} at byte {at:N0}.");
}
