"""Writes ONNX files field by field, because the onnx package is not everywhere and would not write what is wrong on purpose.

Each function returns the bytes of one message; `field` numbers are those of lib/import/onnx.proto.
"""

import struct

FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11


def varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    """A field with a number, a float, text, or the bytes of a message; several for a list."""
    if isinstance(value, (list, tuple)):
        return b"".join(field(number, one) for one in value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else bytes(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


class Graph(bytes):
    """A graph as an attribute's value."""


class Tensor(bytes):
    """A tensor as an attribute's value."""


def attribute(name, value):
    def is_list_of(kind):
        return isinstance(value, (list, tuple)) and all(isinstance(one, kind) for one in value)

    number, kind = (5, 4) if isinstance(value, Tensor) else (6, 5) if isinstance(value, Graph) else \
        (2, 1) if isinstance(value, float) else (3, 2) if isinstance(value, int) else \
        (4, 3) if isinstance(value, (str, bytes)) else (8, 7) if is_list_of(int) else (7, 6) if is_list_of(float) else (9, 8)
    return field(1, name) + field(number, value) + field(20, kind)


def node(op, inputs, outputs, name="", domain="", attributes=(), **named):
    """`named` are attributes; `attributes` holds ready-made ones."""
    return field(1, list(inputs)) + field(2, list(outputs)) + (field(3, name) if name else b"") + field(4, op) + \
        field(5, [attribute(key, value) for key, value in named.items()] + list(attributes)) + \
        (field(7, domain) if domain else b"")


def tensor(name, dims, kind, raw=None, rest=b""):
    return field(1, list(dims)) + field(2, kind) + field(8, name) + (field(9, raw) if raw is not None else b"") + rest


def floats(name, dims, *values):
    return tensor(name, dims, FLOAT, struct.pack(f"<{len(values)}f", *values))


def ints(name, *values):
    """One-dimensional, int64, as sizes and axes are given."""
    return tensor(name, [len(values)], INT64, struct.pack(f"<{len(values)}q", *values))


def external(name, dims, location, offset=None, length=None, kind=FLOAT):
    keys = [("location", location), ("offset", offset), ("length", length)]
    entries = [field(1, key) + field(2, value if isinstance(value, bytes) else str(value)) for key, value in keys if value is not None]
    return tensor(name, dims, kind, rest=field(13, entries) + field(14, 1))


def value(name, dims=None, kind=FLOAT):
    """An input or output; a dimension is a number or a symbol's name."""
    sizes = b"" if dims is None else field(2, field(1, [field(1 if isinstance(dim, int) else 2, dim) for dim in dims]))
    return field(1, name) + field(2, field(1, field(1, kind) + sizes))


def graph(nodes, inputs=(), outputs=(), weights=(), name="g"):
    return Graph(field(1, list(nodes)) + field(2, name) + field(5, list(weights)) + field(11, list(inputs)) + field(12, list(outputs)))


def function(name, inputs, outputs, nodes, domain="local", opsets=(("", 18), ("local", 1))):
    return field(1, name) + field(4, list(inputs)) + field(5, list(outputs)) + field(7, list(nodes)) + \
        field(9, [opset(*one) for one in opsets]) + field(10, domain)


def opset(domain, version):
    return (field(1, domain) if domain else b"") + field(2, version)


def model(whole, opsets=(("", 18),), functions=(), ir=8):
    return field(1, ir) + field(7, whole) + field(8, [opset(*one) for one in opsets]) + field(25, list(functions))


def small(*nodes, weights=(), dims=(2, 3), out=None, **rest):
    """A model from x to y, of the nodes given."""
    return model(graph(nodes, [value("x", dims)], [value("y", out)], weights), **rest)
