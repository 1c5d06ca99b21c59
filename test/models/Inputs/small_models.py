"""Writes small models with the structure of large ones as protobuf text: what a slow device can be checked on.

Usage: small_models.py FOLDER   one file a model; sizes are odd wherever the original's do not matter
"""
import math
import os
import random
import sys

FLOAT = 1


class Model:
    """A model in the making; methods return the name of the value they add."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.count = 0

    def name(self, kind):
        self.count += 1
        return f"{kind}_{self.count}"

    def port(self, field, name, shape):
        dims = " ".join(f'dim {{ dim_param: "{d}" }}' if isinstance(d, str) else f"dim {{ dim_value: {d} }}" for d in shape)
        self.lines.append(f'{field} {{ name: "{name}" type {{ tensor_type {{ elem_type: {FLOAT} shape {{ {dims} }} }} }} }}')
        return name

    def input(self, *shape):
        return self.port("input", self.name("x"), shape)

    def weight(self, *shape, scale=None, around=0.0):
        """Normal values, scaled so that sums over all dimensions but the first keep their size."""
        name, size = self.name("w"), math.prod(shape)
        scale = scale if scale is not None else 1 / math.sqrt(max(1, size // shape[0]))
        values = " ".join(f"float_data: {around + scale * self.random.gauss(0, 1):.6g}" for _ in range(size))
        dims = " ".join(f"dims: {d}" for d in shape)
        self.lines.append(f'initializer {{ name: "{name}" data_type: {FLOAT} {dims} {values} }}')
        return name

    def ints(self, *values):
        name = self.name("i")
        self.lines.append(f'initializer {{ name: "{name}" data_type: 7 dims: {len(values)} {" ".join(f"int64_data: {v}" for v in values)} }}')
        return name

    def scalar(self, value):
        name = self.name("s")
        self.lines.append(f'initializer {{ name: "{name}" data_type: {FLOAT} float_data: {value} }}')
        return name

    def node(self, op, *inputs, **attributes):
        name = self.name(op.lower())
        text = " ".join(f'input: "{i}"' for i in inputs) + f' output: "{name}" op_type: "{op}" name: "{name}"'
        for key, value in attributes.items():
            if isinstance(value, list):
                text += f' attribute {{ name: "{key}" type: INTS {" ".join(f"ints: {v}" for v in value)} }}'
            elif isinstance(value, float):
                text += f' attribute {{ name: "{key}" type: FLOAT f: {value} }}'
            else:
                text += f' attribute {{ name: "{key}" type: INT i: {value} }}'
        self.lines.append(f"node {{ {text} }}")
        return name

    def output(self, value, *shape):
        self.port("output", value, shape)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write('ir_version: 8 opset_import { domain: "" version: 17 }\ngraph { name: "g"\n' + "\n".join(self.lines) + "\n}\n")


def bert_layer(model, sequence=13, hidden=24, heads=3, inner=40):
    """One encoder layer: attention, feed-forward, both with residual and layer norm."""
    size = hidden // heads
    x = model.input(1, sequence, hidden)

    def linear(value, columns, rows=hidden):
        product = model.node("MatMul", value, model.weight(rows, columns, scale=1 / math.sqrt(rows)))
        return model.node("Add", product, model.weight(columns, scale=0.1))

    def split(value, order):
        shaped = model.node("Reshape", value, model.ints(1, sequence, heads, size))
        return model.node("Transpose", shaped, perm=order)

    def norm(value):
        return model.node("LayerNormalization", value, model.weight(hidden, scale=0.1, around=1.0),
                          model.weight(hidden, scale=0.1), axis=-1, epsilon=1e-12)

    query, key, value = split(linear(x, hidden), [0, 2, 1, 3]), split(linear(x, hidden), [0, 2, 3, 1]), split(linear(x, hidden), [0, 2, 1, 3])
    scores = model.node("Div", model.node("MatMul", query, key), model.scalar(math.sqrt(size)))
    mixed = model.node("MatMul", model.node("Softmax", scores, axis=-1), value)
    joined = model.node("Reshape", model.node("Transpose", mixed, perm=[0, 2, 1, 3]), model.ints(1, sequence, hidden))
    y = norm(model.node("Add", linear(joined, hidden), x))
    up = linear(y, inner)
    erf = model.node("Erf", model.node("Div", up, model.scalar(math.sqrt(2))))
    gelu = model.node("Mul", model.node("Mul", up, model.node("Add", erf, model.scalar(1.0))), model.scalar(0.5))
    model.output(norm(model.node("Add", linear(gelu, hidden, inner), y)), 1, sequence, hidden)


def bottleneck(model, size=9, channels=16, inner=8):
    """A block of ResNet-50 with stride: 1x1, 3x3, 1x1 and a projection, each with batch norm."""
    x = model.input(1, channels, size, size)

    def conv(value, into, out, kernel, stride=1):
        name = model.node("Conv", value, model.weight(out, into, kernel, kernel), kernel_shape=[kernel, kernel],
                          strides=[stride, stride], pads=[kernel // 2] * 4)
        return model.node("BatchNormalization", name, model.weight(out, scale=0.1, around=1.0), model.weight(out, scale=0.1),
                          model.weight(out, scale=0.1), model.weight(out, scale=0.0, around=0.8))

    y = model.node("Relu", conv(x, channels, inner, 1))
    y = model.node("Relu", conv(y, inner, inner, 3, stride=2))
    y = model.node("Add", conv(y, inner, 2 * channels, 1), conv(x, channels, 2 * channels, 1, stride=2))
    half = (size + 1) // 2
    model.output(model.node("Relu", y), 1, 2 * channels, half, half)


def products(model):
    """Matrix products of odd sizes: a batch, a vector, a column, one that fits no tile."""
    a = model.input(3, 37, 29)
    b = model.node("MatMul", a, model.weight(29, 53, scale=0.2))
    model.output(b, 3, 37, 53)
    model.output(model.node("MatMul", a, model.input(3, 29, 7)), 3, 37, 7)
    model.output(model.node("MatMul", model.input(1, 67), model.weight(67, 65, scale=0.1)), 1, 65)
    model.output(model.node("Gemm", model.input(5, 31), model.weight(1, 31), model.weight(1), transB=1), 5, 1)


def more_products(model):
    """Products with few rows, a batch whose operands vary in it, operands that lie the other way round, a sum that is short."""
    few = model.input(2, 67)
    model.output(model.node("MatMul", few, model.weight(67, 12, scale=0.1)), 2, 12)
    query, key = model.input(2, 3, 11, 20), model.input(2, 3, 13, 20)
    scores = model.node("MatMul", query, model.node("Transpose", key, perm=[0, 1, 3, 2]))
    model.output(scores, 2, 3, 11, 13)
    model.output(model.node("MatMul", scores, model.input(2, 3, 13, 8)), 2, 3, 11, 8)
    model.output(model.node("Gemm", model.input(19, 9), model.input(21, 19), model.weight(21), transA=1, transB=1), 9, 21)
    model.output(model.node("MatMul", model.input(70, 3), model.input(3, 66)), 70, 66)
    model.output(model.node("MatMul", model.input(1, 128), model.input(128, 1)), 1, 1)


def convolutions(model):
    """Convolutions whose channels fill no vector, in groups, with strides and dilation, of one pixel and of a whole image."""
    x = model.input(1, 5, 12, 9)
    model.output(model.node("Conv", x, model.weight(9, 5, 3, 3), model.weight(9), kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]), 1, 9, 6, 5)
    model.output(model.node("Conv", x, model.weight(3, 5, 3, 2), kernel_shape=[3, 2], dilations=[3, 2]), 1, 3, 6, 7)
    model.output(model.node("Conv", x, model.weight(11, 5, 1, 1), kernel_shape=[1, 1], strides=[3, 2]), 1, 11, 4, 5)
    model.output(model.node("Conv", x, model.weight(6, 5, 12, 9), kernel_shape=[12, 9]), 1, 6, 1, 1)
    y = model.input(2, 9, 7, 7)
    model.output(model.node("Conv", y, model.weight(12, 3, 3, 3), model.weight(12), group=3, kernel_shape=[3, 3], pads=[0, 1, 2, 1], strides=[1, 2]), 2, 12, 7, 4)
    model.output(model.node("Conv", y, model.weight(18, 1, 3, 3), group=9, kernel_shape=[3, 3], pads=[1, 1, 1, 1]), 2, 18, 7, 7)
    model.output(model.node("Conv", model.input(1, 1, 20, 20), model.weight(16, 1, 5, 5), kernel_shape=[5, 5]), 1, 16, 16, 16)
    model.output(model.node("Conv", model.input(1, 8, 31), model.weight(8, 8, 4), kernel_shape=[4], strides=[3]), 1, 8, 10)
    model.output(model.node("ConvTranspose", model.input(1, 3, 5, 6), model.weight(3, 4, 3, 3), kernel_shape=[3, 3], strides=[2, 2]), 1, 4, 11, 13)


def windows(model):
    """Convolutions and pooling with strides, dilation, groups, and padding that is not the same on all sides."""
    x = model.input(2, 6, 11, 13)
    model.output(model.node("Conv", x, model.weight(7, 6, 3, 3), model.weight(7), kernel_shape=[3, 3], strides=[2, 1], pads=[1, 0, 2, 1]), 2, 7, 6, 12)
    model.output(model.node("Conv", x, model.weight(6, 1, 5, 5), group=6, kernel_shape=[5, 5], pads=[2, 2, 2, 2]), 2, 6, 11, 13)
    model.output(model.node("Conv", x, model.weight(4, 3, 3, 3), group=2, kernel_shape=[3, 3], dilations=[2, 2]), 2, 4, 7, 9)
    model.output(model.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]), 2, 6, 6, 7)
    model.output(model.node("GlobalAveragePool", x), 2, 6, 1, 1)


def rows(model):
    """Softmax, norms and reductions over rows of odd lengths, and over columns."""
    for length in (1, 7, 33, 130):
        x = model.input(5, length)
        model.output(model.node("Softmax", x, axis=-1), 5, length)
        model.output(model.node("LayerNormalization", x, model.weight(length, scale=0.1, around=1.0), axis=-1), 5, length)
        model.output(model.node("ReduceMax", x, axes=[1], keepdims=1), 5, 1)
        model.output(model.node("ReduceMean", x, axes=[0], keepdims=0), length)


def more_rows(model):
    """Rows that a whole group shares, many short ones, reductions of several dimensions, of products, of whole tensors, of integers."""
    long = model.input(2, 5004)
    model.output(model.node("Softmax", long, axis=-1), 2, 5004)
    model.output(model.node("ReduceSumSquare", long, axes=[1], keepdims=0), 2)
    longer = model.input(1, 20001)
    model.output(model.node("LogSoftmax", longer, axis=-1), 1, 20001)
    model.output(model.node("LayerNormalization", longer, model.weight(20001, scale=0.1, around=1.0), axis=-1), 1, 20001)
    many = model.input(700, 6)
    model.output(model.node("Softmax", many, axis=-1), 700, 6)
    model.output(model.node("ReduceProd", many, axes=[1], keepdims=0), 700)
    image = model.input(2, 3, 10, 14)
    model.output(model.node("ReduceMean", image, axes=[2, 3], keepdims=1), 2, 3, 1, 1)
    model.output(model.node("ReduceMin", image, axes=[1, 3], keepdims=0), 2, 10)
    model.output(model.node("ReduceMax", image, keepdims=0))
    model.output(model.node("Softmax", image, axis=1), 2, 3, 10, 14)
    model.output(model.node("InstanceNormalization", image, model.weight(3), model.weight(3)), 2, 3, 10, 14)
    narrow = model.node("Cast", many, to=7)
    model.output(model.node("Cast", model.node("ReduceSum", narrow, model.ints(1), keepdims=1), to=1), 700, 1)
    square = model.input(12, 12)
    total = model.node("ReduceSum", square, model.ints(1), keepdims=0)
    model.output(model.node("Sub", square, total), 12, 12)


def elements(model):
    """What is computed element by element: transposed, broadcast, cut out, gathered, joined."""
    x = model.input(3, 5, 8)
    model.output(model.node("Transpose", x, perm=[2, 0, 1]), 8, 3, 5)
    model.output(model.node("Relu", model.node("Add", x, model.input(5, 1))), 3, 5, 8)
    model.output(model.node("Slice", x, model.ints(1), model.ints(4), model.ints(1)), 3, 3, 8)
    model.output(model.node("Gather", x, model.ints(4, 0, 2, 4), axis=1), 3, 4, 8)
    model.output(model.node("Concat", x, model.input(3, 2, 8), axis=1), 3, 7, 8)
    model.output(model.node("Sigmoid", model.input(1021)), 1021)


def open_rows(model):
    """Softmax, a norm and products of which only the run knows rows, columns and depth."""
    x = model.input("rows", "columns")
    y = model.node("Softmax", x, axis=-1)
    model.output(y, "rows", "columns")
    mean = model.node("ReduceMean", x, axes=[1], keepdims=1)
    model.output(model.node("Sub", x, mean), "rows", "columns")
    model.output(model.node("MatMul", y, model.node("Transpose", x, perm=[1, 0])), "rows", "rows")


def open_sizes(model, hidden=19):
    """A product, a softmax and a residual at a size that a run chooses."""
    x = model.input("rows", hidden)
    y = model.node("Softmax", model.node("MatMul", x, model.weight(hidden, hidden)), axis=-1)
    model.output(model.node("Add", y, x), "rows", hidden)


MODELS = {"bert-layer": bert_layer, "bottleneck": bottleneck, "products": products, "windows": windows, "rows": rows, "open-sizes": open_sizes,
          "more-products": more_products, "convolutions": convolutions, "more-rows": more_rows, "elements": elements, "open-rows": open_rows}

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: small_models.py FOLDER")
    os.makedirs(sys.argv[1], exist_ok=True)
    for seed, (name, build) in enumerate(MODELS.items()):
        made = Model(seed)
        build(made)
        made.write(os.path.join(sys.argv[1], name))
