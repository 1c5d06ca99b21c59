"""Writes ONNX files that are wrong in one way each: models.py KIND FOLDER writes FOLDER/<case>.onnx for every case of the kind."""

import pathlib
import struct
import sys

from onnx import BOOL, FLOAT, INT64, STRING, attribute, external, field, floats, function, graph, ints, model, node, small, tensor, value

RELU = node("Relu", ["x"], ["y"])


def scalar(name, number):
    return tensor(name, [], INT64, struct.pack("<q", number))


def image(*nodes, weights=()):
    return model(graph(nodes, [value("x", [1, 1, 8, 8])], [value("y")], weights))


def nested(depth):
    """An If in an If in an If ..., each of which is one graph, one node and one attribute deeper."""
    def branch(nodes):
        return graph(nodes, (), [value("t")])

    inner = branch([node("Relu", ["x"], ["t"])])
    for _ in range(depth):
        inner = branch([node("If", ["c"], ["t"], then_branch=inner, else_branch=branch([node("Relu", ["x"], ["t"])]))])
    outer = node("If", ["c"], ["y"], then_branch=inner, else_branch=branch([node("Relu", ["x"], ["t"])]))
    return model(graph([outer], [value("x", [2]), value("c", [], BOOL)], [value("y")]))


def deep(depth):
    """The same with nothing but the nesting, written from the inside out, since lengths grow with each level."""
    parts, size = [], 0
    for level in range(3 * depth):  # graph: node, node: attribute, attribute: g
        head = bytearray([(0x32, 0x2A, 0x0A)[level % 3]])
        length = size
        while length > 127:
            head.append(length & 127 | 128)
            length >>= 7
        head.append(length)
        parts.append(bytes(head))
        size += len(head)
    return model(b"".join(reversed(parts)))


def files():
    yield "empty", b""
    yield "text", b"this is not a model\n"
    yield "junk", bytes(range(256)) * 16
    yield "cut", small(RELU)[:-9]
    yield "tensor", floats("w", [3], 1.0, 2.0, 3.0)
    yield "deep", deep(100000)


def graphs():
    yield "operator", small(node("Fancy", ["x"], ["y"], name="n"))
    yield "domain", small(node("Fancy", ["x"], ["y"], name="n", domain="com.example"))
    yield "opset", small(RELU, opsets=(("", 999),))
    yield "opset-negative", small(RELU, opsets=(("", -5),))
    yield "opset-none", small(RELU, opsets=())
    yield "opset-twice", small(RELU, opsets=(("", 18), ("", 3)))
    yield "type", model(graph([RELU], [value("x", [2], 99)], [value("y")]))
    yield "strings", model(graph([node("Identity", ["x"], ["y"])], [value("x", [2], STRING)], [value("y", None, STRING)]))
    yield "no-input", small(node("Add", ["x", "w"], ["y"], name="n"))
    yield "no-output", small(node("Relu", ["x"], ["z"]))
    yield "nothing", model(graph([]))
    yield "cycle", small(node("Add", ["x", "b"], ["a"], name="n"), node("Relu", ["a"], ["b"]), node("Relu", ["a"], ["y"]))
    yield "value-twice", small(RELU, node("Neg", ["x"], ["y"], name="n"))
    yield "value-is-weight", small(node("Relu", ["x"], ["w"], name="n"), node("Add", ["x", "w"], ["y"]), weights=[floats("w", [1], 1.0)])
    yield "input-twice", model(graph([RELU], [value("x", [2]), value("x", [3])], [value("y")]))
    yield "output-twice", model(graph([RELU], [value("x", [2])], [value("y"), value("y")]))
    yield "weight-twice", small(node("Add", ["x", "w"], ["y"]), weights=[floats("w", [1], 1.0)] * 2)
    yield "recursive", small(node("f", ["x"], ["y"], domain="local"), opsets=(("", 18), ("local", 1)),
                             functions=[function("f", ["a"], ["b"], [node("g", ["a"], ["b"], domain="local")]),
                                        function("g", ["a"], ["b"], [node("f", ["a"], ["b"], domain="local")])])
    yield "nested", nested(40)
    yield "attribute-kind", small(node("LeakyRelu", ["x"], ["y"], name="n", alpha="z"))
    yield "attribute-unknown", small(node("Relu", ["x"], ["y"], name="n", foo=1))
    yield "attribute-reference", small(node("LeakyRelu", ["x"], ["y"], name="n", attributes=[field(1, "alpha") + field(21, "q") + field(20, 1)]))
    yield "encoding", image(node("Resize", ["x"], ["y"], name="\N{LATIN SMALL LETTER E WITH ACUTE}?", mode="zz")).replace(b"zz", b"\xff\xfe")
    yield "controls", small(node("Fancy", ["x"], ["y"], name="a\nb\x1b[31m"))
    yield "fifty-errors", small(*[node("Fancy", ["x"], [f"v{i}"], name=f"n{i}") for i in range(50)], RELU)


def weights():
    def weight(dims, kind, raw, rest=b""):
        return small(node("Add", ["x", "w"], ["y"], name="n"), weights=[tensor("w", dims, kind, raw, rest)])

    yield "overflow", weight([1 << 40, 1 << 40], FLOAT, b"")
    yield "overflow-to-zero", weight([1 << 32, 1 << 32], FLOAT, b"")
    yield "negative", weight([-1], FLOAT, b"")
    yield "negative-twice", weight([-2, -3], FLOAT, bytes(24))
    yield "negative-input", small(RELU, dims=[-5, 3])
    yield "short", weight([3], FLOAT, bytes(11))
    yield "long", weight([3], FLOAT, bytes(13))
    yield "none", weight([3], FLOAT, None)
    yield "huge", weight([1 << 40], FLOAT, bytes(4))
    yield "segment", weight([3], FLOAT, bytes(12), field(3, field(1, 0)))
    yield "type", weight([3], 99, bytes(12))
    yield "rank", weight([1] * 100000, FLOAT, bytes(4))
    yield "list", weight([3], FLOAT, None, field(4, bytes(4000000)))


def bombs():
    big = [1 << 17, 1 << 17, 2, 3]
    reduce = [node("ReduceSum", ["e"], ["r"], keepdims=0), node("Add", ["x", "r"], ["y"])]
    yield "expand", small(node("Expand", ["x", "s"], ["y"], name="n"), weights=[ints("s", 1 << 40, 1 << 40, 2, 3)])
    yield "expand-constant", small(node("Expand", ["w", "s"], ["e"]), *reduce, weights=[ints("s", *big), floats("w", [1], 1.0)])
    yield "constant", small(node("ConstantOfShape", ["s"], ["e"], name="n"), *reduce, weights=[ints("s", 1 << 20, 1 << 20, 2, 3)])
    yield "constant-reduced", small(node("ConstantOfShape", ["s"], ["e"]), *reduce, weights=[ints("s", 1 << 14, 1 << 14, 2, 3)])
    yield "tile", small(node("Tile", ["x", "s"], ["y"]), weights=[ints("s", 1 << 30, 1 << 30)])
    yield "tile-overflow", small(node("Tile", ["x", "s"], ["y"], name="n"), weights=[ints("s", 1 << 62, 1 << 62)])
    yield "tile-chain", small(*[node("Tile", [f"a{i}" if i else "x", "s"], [f"a{i + 1}" if i < 39 else "y"]) for i in range(40)], weights=[ints("s", 2, 2)])
    yield "range", small(node("Range", ["a", "b", "c"], ["i"], name="n"), node("Cast", ["i"], ["e"], to=FLOAT), *reduce,
                         weights=[scalar("a", -1 << 63), scalar("b", (1 << 63) - 1), scalar("c", 1)])
    yield "range-zero", small(node("Range", ["a", "b", "c"], ["i"], name="n"), node("Cast", ["i"], ["e"], to=FLOAT), *reduce,
                              weights=[scalar("a", 0), scalar("b", 9), scalar("c", 0)])
    yield "pad", small(node("Pad", ["x", "p"], ["y"], name="n"), weights=[ints("p", *[1 << 40] * 4)])
    yield "resize", image(node("Resize", ["x", "", "k"], ["y"]), weights=[floats("k", [4], 1.0, 1.0, 1e9, 1e9)])
    yield "resize-infinite", image(node("Resize", ["x", "", "k"], ["y"], name="n"), weights=[floats("k", [4], 1.0, 1.0, float("inf"), 1.0)])
    yield "one-hot", small(node("Cast", ["x"], ["i"], to=INT64), node("OneHot", ["i", "d", "v"], ["y"], name="n"),
                           weights=[scalar("d", 1 << 62), floats("v", [2], 0.0, 1.0)])
    yield "stride", image(node("Conv", ["x", "w"], ["y"], name="n", strides=[0, 0]), weights=[floats("w", [1, 1, 1, 1], 1.0)])
    yield "groups", image(node("Conv", ["x", "w"], ["y"], name="n", group=0), weights=[floats("w", [1, 1, 1, 1], 1.0)])
    yield "window", image(node("MaxPool", ["x"], ["y"], name="n", kernel_shape=[1 << 40, 1], dilations=[1 << 40, 1]))
    yield "rank", small(RELU, dims=[1] * 100000)
    yield "nodes", small(*[RELU] * 1000001)
    yield "inputs", small(node("Relu", ["x"] * 100000, ["y"], name="n"))


def slow():
    """Refused only after all kernels were compiled."""
    yield "concat-chain", small(*[node("Concat", [f"a{i}" if i else "x"] * 8, [f"a{i + 1}" if i < 18 else "y"], axis=0) for i in range(19)])


def sound():
    """Large and odd, but right: these compile, and in no more time than what is refused."""
    yield "large-inputs", model(graph([RELU], [value("x", [2])] + [value(f"i{i}", [2]) for i in range(20000)], [value("y")]))
    yield "large-weights", small(RELU, weights=[floats(f"w{i}", [1], 1.0) for i in range(20000)])
    yield "large-attributes", small(node("LeakyRelu", ["x"], ["y"], attributes=[attribute("alpha", 0.5)] * 100000))
    yield "large-functions", small(RELU, functions=[function(f"f{i}", ["a"], ["b"], [node("Relu", ["a"], ["b"])]) for i in range(20000)])
    yield "large-chain", small(*[node("Relu", [f"a{i}" if i else "x"], [f"a{i + 1}" if i < 9999 else "y"]) for i in range(10000)])
    yield "large-shapes", model(graph([node("Concat", [f"a{i}" if i else "x"] * 2, [f"a{i + 1}" if i < 29 else "y"], axis=0) for i in range(30)],
                                [value("x", ["n", "m"])], [value("y")]))
    yield "large-name", small(node("Relu", ["x"], ["y"], name="n" * 1000000))


kind, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
for case, data in globals()[kind]():
    (folder / f"{case}.onnx").write_bytes(data)
