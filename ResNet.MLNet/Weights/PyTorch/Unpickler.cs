using System.Buffers.Binary;
using System.Numerics;

namespace ResNet.MLNet;

/// <summary>
/// Reads Python's pickle format (protocols 0 to 5) without running anything: a global is only a name, handed to a function that makes the
/// few objects that weights consist of; whatever else would be made of globals becomes a placeholder (<see cref="PickleObject"/>).
/// </summary>
/// <remarks>
/// Source: CPython's pickletools. Every instruction takes at least a byte and makes at most one object, so memory stays
/// in proportion to the file.
/// </remarks>
internal sealed partial class Unpickler
{
    private readonly PickleBytes _bytes;
    private readonly PickleStack _stack;
    private readonly Dictionary<long, object?> _memo = [];
    private readonly Func<PickleGlobal, object?[], object?> _construct;
    private readonly Func<object?, object?> _persistent;

    /// <param name="data">The bytes.</param>
    /// <param name="construct">Makes an object of a global and its arguments.</param>
    /// <param name="persistent">Makes an object of a persistent id (PyTorch: a storage).</param>
    public Unpickler(ReadOnlyMemory<byte> data, Func<PickleGlobal, object?[], object?> construct, Func<object?, object?> persistent)
    {
        _bytes = new(data);
        _stack = new(_bytes);
        _construct = construct;
        _persistent = persistent;
    }

    /// <summary>Where the next pickle or what else follows begins.</summary>
    public int Position => _bytes.Position;

    /// <summary>Reads one pickle.</summary>
    /// <exception cref="InvalidDataException">It is damaged or asks for what is refused; the message says which byte or name.</exception>
    public object? Read()
    {
        _stack.Clear();
        _memo.Clear();
        while (true)
        {
            var start = _bytes.Position;
            var code = _bytes.TakeByte();
            if (code == (byte)'.') return _stack.Pop();
            Execute(code, start);
        }
    }

    private void Execute(byte code, int start)
    {
        switch (code)
        {
            case 0x80: // PROTO
                if (_bytes.TakeByte() > 5) throw PickleBytes.Damaged("a protocol above 5", start);
                break;
            case 0x95: // FRAME
                _bytes.Take(8);
                break;
            case (byte)'(':
                _stack.Mark();
                break;
            case (byte)'0':
                _stack.Pop();
                break;
            case (byte)'1':
                _stack.PopToMark();
                break;
            case (byte)'2':
                _stack.Push(_stack.Peek());
                break;
            case (byte)'N':
                _stack.Push(null);
                break;
            case 0x88:
            case 0x89:
                _stack.Push(code == 0x88);
                break;
            case (byte)'J':
                _stack.Push((long)BinaryPrimitives.ReadInt32LittleEndian(_bytes.Take(4)));
                break;
            case (byte)'K':
                _stack.Push((long)_bytes.TakeByte());
                break;
            case (byte)'M':
                _stack.Push((long)BinaryPrimitives.ReadUInt16LittleEndian(_bytes.Take(2)));
                break;
            case 0x8a: // LONG1
                PushInteger(_bytes.TakeInteger(_bytes.TakeByte()));
                break;
            case 0x8b: // LONG4
                PushInteger(_bytes.TakeInteger(_bytes.TakeUInt32()));
                break;
            case (byte)'G':
                _stack.Push(BinaryPrimitives.ReadDoubleBigEndian(_bytes.Take(8)));
                break;
            case (byte)'X':
                _stack.Push(_bytes.TakeText(_bytes.TakeUInt32()));
                break;
            case 0x8c: // SHORT_BINUNICODE
                _stack.Push(_bytes.TakeText(_bytes.TakeByte()));
                break;
            case 0x8d: // BINUNICODE8
                _stack.Push(_bytes.TakeText(BinaryPrimitives.ReadUInt64LittleEndian(_bytes.Take(8))));
                break;
            case (byte)'U': // SHORT_BINSTRING, of Python 2
                _stack.Push(_bytes.TakeLatin(_bytes.TakeByte()));
                break;
            case (byte)'T': // BINSTRING
                _stack.Push(_bytes.TakeLatin(_bytes.TakeUInt32()));
                break;
            case (byte)'C': // SHORT_BINBYTES
                _stack.Push(_bytes.Take(_bytes.TakeByte()).ToArray());
                break;
            case (byte)'B': // BINBYTES
                _stack.Push(_bytes.Take(_bytes.TakeUInt32()).ToArray());
                break;
            case 0x8e: // BINBYTES8
            case 0x96: // BYTEARRAY8
                _stack.Push(_bytes.Take(BinaryPrimitives.ReadUInt64LittleEndian(_bytes.Take(8))).ToArray());
                break;
            case (byte)'}':
                _stack.Push(new PickleDictionary());
                break;
            case (byte)']':
            case 0x8f: // EMPTY_SET
                _stack.Push(new List<object?>());
                break;
            case 0x91: // FROZENSET
                _stack.Push(_stack.PopToMark());
                break;
            case (byte)')':
                _stack.Push(Array.Empty<object?>());
                break;
            case (byte)'t':
                _stack.Push(_stack.PopToMark());
                break;
            case 0x85:
            case 0x86:
            case 0x87:
                _stack.Push(_stack.Pop(code - 0x84));
                break;
            case (byte)'a':
                var item = _stack.Pop();
                TopList(start).Add(item);
                break;
            case (byte)'e':
            case 0x90: // ADDITEMS
                var items = _stack.PopToMark();
                TopList(start).AddRange(items);
                break;
            case (byte)'s':
                var pair = _stack.Pop(2);
                Top<PickleDictionary>("a dictionary", start).Entries.Add((pair[0], pair[1]));
                break;
            case (byte)'u':
                SetItems(_stack.PopToMark(), start);
                break;
            case (byte)'q':
                _memo[_bytes.TakeByte()] = _stack.Peek();
                break;
            case (byte)'r':
                _memo[_bytes.TakeUInt32()] = _stack.Peek();
                break;
            case 0x94: // MEMOIZE
                _memo[_memo.Count] = _stack.Peek();
                break;
            case (byte)'h':
                _stack.Push(Remembered(_bytes.TakeByte(), start));
                break;
            case (byte)'j':
                _stack.Push(Remembered(_bytes.TakeUInt32(), start));
                break;
            case (byte)'c':
                _stack.Push(new PickleGlobal(_bytes.TakeLine(), _bytes.TakeLine()));
                break;
            case 0x93: // STACK_GLOBAL
                if (_stack.Pop(2) is not [string module, string name]) throw PickleBytes.Damaged("a global without a name", start);
                _stack.Push(new PickleGlobal(module, name));
                break;
            case (byte)'Q':
                _stack.Push(_persistent(_stack.Pop()));
                break;
            case (byte)'R':
            case 0x81: // NEWOBJ
                var call = _stack.Pop(2);
                Make(call[0], [call[1]], start);
                break;
            case 0x92: // NEWOBJ_EX
                var withNames = _stack.Pop(3);
                Make(withNames[0], withNames[1..], start);
                break;
            case (byte)'b': // BUILD gives an object its state. Those of dictionaries (OrderedDict's _metadata) and tensors are not needed.
                var state = _stack.Pop();
                if (_stack.Peek() is PickleObject built) built.Parts.Add(state);
                break;
            case 0x82: // EXT1, 2, 4: numbers that a registry of the writer's process explains
            case 0x83:
            case 0x84:
                throw PickleBytes.Damaged("an extension code, which only the program that wrote it can read,", start);
            default:
                if (ExecuteText(code, start)) break;
                throw PickleBytes.Damaged($"the instruction 0x{code:x2}, which saved weights do not need,", start);
        }
    }

    /// <summary>Puts on the stack what a class or function makes of its arguments.</summary>
    private void Make(object? callable, object?[] arguments, int start)
    {
        var made = callable switch
        {
            PickleGlobal global => arguments is [object?[] plain] ? _construct(global, plain) : Placeholder($"{global}", arguments),
            PickleObject inner => Placeholder(inner.Maker, [inner, .. arguments]),
            _ => throw PickleBytes.Damaged("a call of what is not a global", start),
        };
        _stack.Push(made);
    }

    /// <summary>A long where it fits, else a <see cref="BigInteger"/>.</summary>
    private void PushInteger(BigInteger number)
    {
        if (number >= long.MinValue && number <= long.MaxValue) _stack.Push((long)number);
        else _stack.Push(number);
    }

    /// <summary>A placeholder with its parts.</summary>
    public static PickleObject Placeholder(string maker, params ReadOnlySpan<object?> parts)
    {
        var placeholder = new PickleObject(maker);
        placeholder.Parts.AddRange(parts);
        return placeholder;
    }

    private List<object?> TopList(int start) => _stack.Peek() is PickleObject made ? made.Parts : Top<List<object?>>("a list", start);

    private void SetItems(object?[] items, int start)
    {
        if (items.Length % 2 != 0) throw PickleBytes.Damaged("a key without a value", start);
        var entries = Top<PickleDictionary>("a dictionary", start).Entries;
        for (var i = 0; i < items.Length; i += 2) entries.Add((items[i], items[i + 1]));
    }

    private object? Remembered(long index, int start) =>
        _memo.TryGetValue(index, out var value) ? value : throw PickleBytes.Damaged($"a reference to {index}, which is not there", start);

    private T Top<T>(string what, int start)
        where T : class => _stack.Peek() as T ?? throw PickleBytes.Damaged($"something other than {what}", start);
}
