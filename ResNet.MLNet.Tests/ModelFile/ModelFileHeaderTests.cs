using Google.Protobuf;
using ResNet.MLNet.Onnx;

namespace ResNet.Tests;

/// <summary>The header of a model file is read field by field, and what is no message of ONNX is refused.</summary>
[TestClass]
public sealed class ModelFileHeaderTests
{
    /// <summary>A model whose graph is empty: field 7, with 0 bytes.</summary>
    private static readonly byte[] Least = [7 << 3 | 2, 0];

    private static readonly byte[] TenBytesThatGoOn = [.. Enumerable.Repeat((byte)0x80, 10)];

    private static IEnumerable<object[]> Damaged() =>
    [
        Row("nothing", [], "no graph"),
        Row("a version alone", [1 << 3, 8], "no graph"),
        Row("a field of a kind that is not there", [7 << 3 | 3], "damaged"),
        Row("field 0", [2, 0, .. Least], "damaged"),
        Row("more bytes than there are", [7 << 3 | 2, 5], "damaged"),
        Row("a number that is cut off", [.. Least, 1 << 3, 0x80], "damaged"),
        Row("a number of eleven bytes", [.. Least, 1 << 3, .. TenBytesThatGoOn, 0], "damaged"),
    ];

    [TestMethod]
    [DynamicData(nameof(Damaged))]
    public void What_is_no_message_is_refused(string what, byte[] bytes, string expected)
    {
        Assert.IsNull(ModelFileHeader.Read(new MemoryStream(Least)).Card);
        var problem = Assert.ThrowsExactly<InvalidDataException>(() => ModelFileHeader.Read(new MemoryStream(bytes)), what);
        StringAssert.Contains(problem.Message, expected);
    }

    [TestMethod]
    public void Graphs_inside_graphs_are_followed_but_not_to_the_end_of_the_stack()
    {
        Assert.IsNull(ModelFileHeader.Read(Nested(10)).Card);
        StringAssert.Contains(Assert.ThrowsExactly<InvalidDataException>(() => ModelFileHeader.Read(Nested(25))).Message, "too deep");

        static MemoryStream Nested(int times)
        {
            var graph = new GraphProto();
            for (var i = 0; i < times; i++)
                graph = new() { Node = { new NodeProto { Attribute = { new AttributeProto { G = graph } } } } };
            return new(new ModelProto { Graph = graph }.ToByteArray());
        }
    }

    private static object[] Row(string what, byte[] bytes, string expected) => [what, bytes, expected];
}
