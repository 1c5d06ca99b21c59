"""Writes random models as protobuf text, so that operators meet in ways that nobody thought of.

Usage: random_graphs.py FIRST LAST FOLDER   one file for each seed in FIRST .. LAST-1

Every model is a chain of operators from one or more inputs to one output; sizes are odd, prime, one or just beside a vector's width.
"""
import math
import random
import sys

FLOAT, INT64 = 1, 7
SIZES = [1, 2, 3, 5, 7, 8, 16, 17, 33]
MOST_ELEMENTS = 100_000


class Graph:
    """A model in the making; methods return the name of the value they add."""

    def __init__(self):
        self.nodes, self.inputs, self.initializers = [], [], []

    def name(self):
        return f"v{len(self.nodes) + len(self.inputs) + len(self.initializers)}"

    def input(self, shape):
        name = self.name()
        dims = " ".join(f"dim {{ dim_value: {d} }}" for d in shape)
        self.inputs.append(f'input {{ name: "{name}" type {{ tensor_type {{ elem_type: {FLOAT} shape {{ {dims} }} }} }} }}')
        return name

    def constant(self, values, shape, kind=INT64):
        name = self.name()
        field = {INT64: "int64_data", FLOAT: "float_data"}[kind]
        dims = " ".join(f"dims: {d}" for d in shape)
        data = " ".join(f"{field}: {v}" for v in values)
        self.initializers.append(f'initializer {{ name: "{name}" data_type: {kind} {dims} {data} }}')
        return name

    def node(self, operator, inputs, **attributes):
        name = self.name()
        text = " ".join(f'input: "{i}"' for i in inputs) + f' output: "{name}"'
        for key, value in attributes.items():
            if isinstance(value, list):
                text += f' attribute {{ name: "{key}" type: INTS {" ".join(f"ints: {v}" for v in value)} }}'
            elif isinstance(value, str):
                text += f' attribute {{ name: "{key}" type: STRING s: "{value}" }}'
            else:
                text += f' attribute {{ name: "{key}" type: INT i: {value} }}'
        self.nodes.append(f'node {{ op_type: "{operator}" {text} }}')
        return name

    def text(self, output):
        lines = ["ir_version: 8", "opset_import { version: 17 }", 'graph { name: "random"']
        lines += self.nodes + self.initializers + self.inputs
        lines += [f'output {{ name: "{output}" type {{ tensor_type {{ elem_type: {FLOAT} }} }} }}', "}"]
        return "\n".join(lines) + "\n"


def elementwise(g, r, x, shape):
    return g.node(r.choice(["Relu", "Tanh", "Sigmoid", "Erf", "Neg", "Abs"]), [x]), shape


def binary(g, r, x, shape):
    other = [d if r.random() < 0.6 else 1 for d in shape][r.randrange(len(shape)):]
    return g.node(r.choice(["Add", "Mul", "Sub", "Max", "Min"]), [x, g.input(other)]), shape


def reduce(g, r, x, shape):
    axis = r.randrange(len(shape))
    operator = r.choice(["ReduceMax", "ReduceMean", "ReduceMin", "ReduceL2"])
    return g.node(operator, [x], axes=[axis], keepdims=1), [1 if i == axis else d for i, d in enumerate(shape)]


def softmax(g, r, x, shape):
    return g.node("Softmax", [x], axis=r.randrange(len(shape))), shape


def transpose(g, r, x, shape):
    perm = list(range(len(shape)))
    r.shuffle(perm)
    return g.node("Transpose", [x], perm=perm), [shape[p] for p in perm]


def matmul(g, r, x, shape):
    weights = [shape[-1], r.choice([1, 3, 8, 17, 35])]
    if r.random() < 0.5:
        other = g.input(weights)
    else:
        other = g.constant([round(r.uniform(-1, 1), 3) for _ in range(math.prod(weights))], weights, FLOAT)
    return g.node("MatMul", [x, other]), shape[:-1] + [weights[1]]


def slice_(g, r, x, shape):
    axis = r.randrange(len(shape))
    start, step = r.randrange(shape[axis]), r.choice([1, 1, 2, -1])
    end, count = (shape[axis], -(-(shape[axis] - start) // step)) if step > 0 else (-1000, start + 1)
    bounds = [g.constant([v], [1]) for v in (start, end, axis, step)]
    return g.node("Slice", [x, *bounds]), shape[:axis] + [count] + shape[axis + 1:]


def pad(g, r, x, shape):
    low, high = [r.randrange(3) for _ in shape], [r.randrange(3) for _ in shape]
    amounts = g.constant(low + high, [2 * len(shape)])
    return g.node("Pad", [x, amounts], mode=r.choice(["constant", "edge"])), [a + b + c for a, b, c in zip(shape, low, high)]


def concat(g, r, x, shape):
    axis = r.randrange(len(shape))
    other = shape[:axis] + [r.choice([1, 2, 5])] + shape[axis + 1:]
    parts = [(x, shape), (g.input(other), other), (x, shape)]
    r.shuffle(parts)
    result = list(shape)
    result[axis] = sum(s[axis] for _, s in parts)
    return g.node("Concat", [name for name, _ in parts], axis=axis), result


def reshape(g, r, x, shape):
    count = math.prod(shape)
    divisors = [d for d in SIZES if count % d == 0]
    first = r.choice(divisors)
    result = [first, count // first]
    return g.node("Reshape", [x, g.constant(result, [2])]), result


def window(r, shape):
    kernel = [min(d, r.choice([1, 2, 3])) for d in shape[2:]]
    strides = [r.choice([1, 2]) for _ in kernel]
    pads = [r.randrange(k) for k in kernel] * 2
    sizes = [(d + 2 * p - k) // s + 1 for d, p, k, s in zip(shape[2:], pads, kernel, strides)]
    return {"kernel_shape": kernel, "strides": strides, "pads": pads}, sizes


def pool(g, r, x, shape):
    if len(shape) < 3:
        return softmax(g, r, x, shape)
    attributes, sizes = window(r, shape)
    return g.node(r.choice(["MaxPool", "AveragePool"]), [x], **attributes), shape[:2] + sizes


def conv(g, r, x, shape):
    if len(shape) < 3:
        return matmul(g, r, x, shape)
    attributes, sizes = window(r, shape)
    group = r.choice([1, 1, shape[1]])
    filters = group * r.choice([1, 2, 3]) if group > 1 else r.choice([1, 4, 17, 32])
    weights = [filters, shape[1] // group] + attributes["kernel_shape"]
    inputs = [x, g.input(weights)] + ([g.input([filters])] if r.random() < 0.5 else [])
    return g.node("Conv", inputs, group=group, **attributes), [shape[0], filters] + sizes


def gather(g, r, x, shape):
    axis, count = r.randrange(len(shape)), r.choice([1, 2, 4])
    indices = g.constant([r.randrange(-shape[axis], shape[axis]) for _ in range(count)], [count])
    return g.node("Gather", [x, indices], axis=axis), shape[:axis] + [count] + shape[axis + 1:]


OPERATORS = [elementwise, binary, reduce, softmax, transpose, transpose, matmul, slice_, slice_, pad, concat, reshape, pool, conv, conv, gather]


def model(seed):
    r, g = random.Random(seed), Graph()
    shape = [r.choice(SIZES) for _ in range(r.choice([2, 3, 3]))]
    if seed % 2:  # an image
        shape = [r.choice([1, 2]), r.choice([3, 8, 16, 17]), r.choice([5, 9, 14]), r.choice([5, 9, 16])]
    x = g.input(shape)
    for _ in range(r.randrange(3, 9)):
        if math.prod(shape) > MOST_ELEMENTS:
            break
        x, shape = r.choice(OPERATORS)(g, r, x, shape)
    return g.text(x)


if __name__ == "__main__":
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        with open(f"{sys.argv[3]}/graph{seed}", "w") as file:
            file.write(model(seed))
