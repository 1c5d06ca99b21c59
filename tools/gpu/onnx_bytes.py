"""Writes ONNX files, and makes the weights of others repeat, without any package: protobuf's wire format is short."""
import random
import struct

FLOAT = 1
VARINT, BYTES = 0, 2


def varint(value):
    out = bytearray()
    while True:
        byte, value = value & 127, value >> 7
        out.append(byte | (128 if value else 0))
        if not value:
            return bytes(out)


def field(number, value):
    """A field: text, bytes of a message, or a number."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value & (1 << 64) - 1)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def attribute(name, value):
    if isinstance(value, float):
        return field(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + field(20, 1)
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    return field(1, name) + b"".join(field(8, v) for v in value) + field(20, 7)


def node(op, inputs, output, **attributes):
    text = b"".join(field(1, i) for i in inputs) + field(2, output) + field(3, output) + field(4, op)
    return field(1, text + b"".join(field(5, attribute(name, value)) for name, value in attributes.items()))


def value(shape):
    dims = b"".join(field(1, field(1, size)) for size in shape)
    return field(2, field(1, field(1, FLOAT) + field(2, dims)))


def port(number, name, shape):
    """An input (11) or output (12) of the graph."""
    return field(number, field(1, name) + value(shape))


# Weights repeat with this period, so that hundreds of megabytes of them compress to nothing and their speed stays what it is.
PERIOD = 4096


def repeated(count, scale, seed):
    source = random.Random(seed)
    block = struct.pack(f"<{min(count, PERIOD)}f", *(source.gauss(0, scale) for _ in range(min(count, PERIOD))))
    return (block * (count // max(1, min(count, PERIOD)) + 1))[:4 * count]


def weight(name, shape, scale, seed=0):
    count = 1
    for size in shape:
        count *= size
    dims = b"".join(field(1, size) for size in shape)
    return field(5, dims + field(2, FLOAT) + field(8, name) + field(9, repeated(count, scale, seed)))


def model(parts):
    graph = field(2, "g") + b"".join(parts)
    return field(1, 8) + field(8, field(1, "") + field(2, 17)) + field(7, graph)


def fields(data, begin, end):
    """The fields of a message: (number, wire type, begin, end of the contents)."""
    def number():
        nonlocal begin
        result = shift = 0
        while True:
            byte = data[begin]
            begin += 1
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result

    while begin < end:
        key = number()
        wire = key & 7
        if wire == VARINT:
            start = begin
            number()
            yield key >> 3, wire, start, begin
        else:
            size = number() if wire == BYTES else 8 if wire == 1 else 4
            yield key >> 3, wire, begin, begin + size
            begin += size


def repeat_weights(data):
    """Lets the float weights of a model (a bytearray) repeat their first values: whatever a layer scales by them repeats too."""
    for number, _, begin, end in fields(data, 0, len(data)):
        if number != 7:
            continue
        for part, _, first, last in fields(data, begin, end):
            if part == 5:
                repeat_tensor(data, first, last)


def repeat_tensor(data, begin, end):
    """Long ones by PERIOD values; short ones (biases, scales) by 8, since they meet the period of long ones."""
    raw, kind, rank = None, 0, 0
    for number, wire, first, last in fields(data, begin, end):
        if number == 9:
            raw = (first, last)
        elif number == 2:
            kind = data[first]
        elif number == 1:
            rank += 1 if wire == VARINT else last - first
    if not raw or kind != FLOAT:
        return
    first, last = raw
    period = 4 * (PERIOD if rank > 1 else 8)
    if last - first > period:
        block = bytes(data[first:first + period])
        data[first:last] = (block * ((last - first) // period + 1))[:last - first]
