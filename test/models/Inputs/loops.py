"""Runs recurrent networks, loops and scans over open and long sequences at several sizes, and compares each with ONNX Runtime.

    loops.py FOLDER TEGULA TEGULA-RUN CASE OPTIONS [-- OPTIONS ...]

OPTIONS are those of `tegula compile`; behind them, after "@", those of tegula-run. The tolerance is of max|a-b| / max|b|.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

folder, tegula, tegula_run, name, *rest = sys.argv[1:]
TOLERANCE = 1e-5
random = np.random.default_rng(7)
FLOAT, INT64, BOOL, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.INT32


def info(name, element, shape):
    return helper.make_tensor_value_info(name, element, shape)


def model(nodes, inputs, outputs, constants=()):
    initializers = [onnx.numpy_helper.from_array(np.asarray(value), key) for key, value in constants]
    graph = helper.make_graph(nodes, "g", inputs, [helper.make_empty_tensor_value_info(each) for each in outputs], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def weights(*shape):
    return (random.standard_normal(shape) * 0.25).astype(np.float32)


def recurrent(kind, gates, directions=1, depth=5, hidden=6, lengths=False, initial=False, seq="seq", **attributes):
    """A layer whose batch is open, and its length where it is not given."""
    states = 2 if kind == "LSTM" else 1
    constants = [("W", weights(directions, gates * hidden, depth)), ("R", weights(directions, gates * hidden, hidden)),
                 ("B", weights(directions, 2 * gates * hidden))]
    layout = attributes.get("layout", 0)
    inputs = [info("x", FLOAT, ["batch", seq, depth] if layout else [seq, "batch", depth])]
    names = ["x", "W", "R", "B", "lengths" if lengths else ""]
    if lengths:
        inputs.append(info("lengths", INT32, ["batch"]))
    for state in ("h0", "c0")[:states] if initial else ():
        inputs.append(info(state, FLOAT, ["batch", directions, hidden] if layout else [directions, "batch", hidden]))
        names.append(state)
    if kind == "LSTM" and attributes.pop("peepholes", False):
        names += [""] * (7 - len(names)) + ["P"]
        constants.append(("P", weights(directions, 3 * hidden)))
    outputs = ["y", "h", "c"][: states + 1]
    return model([helper.make_node(kind, names, outputs, name="layer", hidden_size=hidden, **attributes)], inputs, outputs, constants)


def body(nodes, inputs, outputs, constants=()):
    initializers = [onnx.numpy_helper.from_array(np.asarray(value), key) for key, value in constants]
    return helper.make_graph(nodes, "body", inputs, outputs, initializers)


def loop_over_sizes():
    """As many iterations as the input is long: a carried value, its history, and one that needs the number of the iteration."""
    inner = body([helper.make_node("Gather", ["x", "i"], ["row"], axis=0), helper.make_node("Cast", ["i"], ["f"], to=FLOAT),
                  helper.make_node("Mul", ["v", "decay"], ["kept"]), helper.make_node("Add", ["kept", "row"], ["w"]),
                  helper.make_node("Add", ["w", "f"], ["shown"]), helper.make_node("Identity", ["go"], ["on"])],
                 [info("i", INT64, []), info("go", BOOL, []), info("v", FLOAT, ["n"])],
                 [info("on", BOOL, []), info("w", FLOAT, ["n"]), info("shown", FLOAT, ["n"])], [("decay", np.float32(0.5))])
    nodes = [helper.make_node("Shape", ["x"], ["shape"], end=1), helper.make_node("Squeeze", ["shape"], ["count"]),
             helper.make_node("Loop", ["count", "", "start"], ["last", "all"], body=inner, name="loop")]
    return model(nodes, [info("x", FLOAT, ["rows", "n"]), info("start", FLOAT, ["n"])], ["last", "all"])


def loop_by_data(count=True, condition=True, nested=False):
    """The run says how many iterations there are, as a number, as a condition, or both."""
    grow = [helper.make_node("Add", ["v", "x"], ["w"])]
    if nested:
        inner = body([helper.make_node("Mul", ["u", "half"], ["p"]), helper.make_node("Add", ["p", "v"], ["t"]),
                      helper.make_node("Identity", ["go2"], ["on2"])],
                     [info("j", INT64, []), info("go2", BOOL, []), info("u", FLOAT, ["n"])],
                     [info("on2", BOOL, []), info("t", FLOAT, ["n"])], [("half", np.float32(0.5))])
        grow = [helper.make_node("Loop", ["times", "", "x"], ["w"], body=inner, name="inner")]
    end = [helper.make_node("ReduceMax", ["w"], ["m"], keepdims=0), helper.make_node("Less", ["m", "limit"], ["on"])]
    if not condition:
        end = [helper.make_node("Identity", ["go"], ["on"])]
    inner = body(grow + end, [info("i", INT64, []), info("go", BOOL, []), info("v", FLOAT, ["n"])],
                 [info("on", BOOL, []), info("w", FLOAT, ["n"])])
    node = helper.make_node("Loop", ["count" if count else "", "begin" if condition else "", "x"], ["y"], body=inner, name="loop")
    inputs = [info("x", FLOAT, ["n"])] + [info("count", INT64, [])] * count + [info("begin", BOOL, [])] * condition
    return model([node], inputs + [info("times", INT64, [])] * nested, ["y"], [("limit", np.float32(40))] * condition)


def scan(length="rows"):
    """Two scanned inputs along different axes and in different directions, an output backwards and one along the last axis."""
    inner = body([helper.make_node("Mul", ["a", "b"], ["p"]), helper.make_node("Add", ["s", "p"], ["t"]),
                  helper.make_node("Neg", ["t"], ["o"]), helper.make_node("Identity", ["t"], ["q"])],
                 [info("s", FLOAT, [3]), info("a", FLOAT, [3]), info("b", FLOAT, [3])],
                 [info("t", FLOAT, [3]), info("o", FLOAT, [3]), info("q", FLOAT, [3])])
    node = helper.make_node("Scan", ["s0", "x", "z"], ["last", "back", "side"], body=inner, name="scan", num_scan_inputs=2,
                            scan_input_axes=[0, 1], scan_input_directions=[0, 1], scan_output_axes=[0, 1], scan_output_directions=[1, 0])
    return model([node], [info("s0", FLOAT, [3]), info("x", FLOAT, [length, 3]), info("z", FLOAT, [3, length])], ["last", "back", "side"])


LAYER = [dict(seq=9, batch=2), dict(seq=1, batch=1), dict(seq=70, batch=3)]
CASES = {
    "lstm": (lambda: recurrent("LSTM", 4), LAYER),
    "gru": (lambda: recurrent("GRU", 3, linear_before_reset=1), LAYER),
    "gru-early": (lambda: recurrent("GRU", 3, initial=True), LAYER),
    "rnn": (lambda: recurrent("RNN", 1, initial=True, direction="reverse"), LAYER),
    "lstm-both": (lambda: recurrent("LSTM", 4, 2, initial=True, lengths=True, direction="bidirectional"), LAYER),
    "lstm-peepholes": (lambda: recurrent("LSTM", 4, peepholes=True, initial=True), LAYER),
    "gru-lengths": (lambda: recurrent("GRU", 3, lengths=True, direction="reverse"), LAYER),
    "lstm-500": (lambda: recurrent("LSTM", 4, depth=8, hidden=16, seq=500), [dict(batch=1), dict(batch=5)]),
    "wide": (lambda: recurrent("LSTM", 4, 2, depth=32, hidden=64, direction="bidirectional"), [dict(seq=40, batch=1), dict(seq=7, batch=9)]),
    "loop-sizes": (loop_over_sizes, [dict(rows=1, n=3), dict(rows=300, n=5)]),
    "loop-count": (lambda: loop_by_data(condition=False), [dict(n=3, count=0), dict(n=5, count=1000), dict(n=4, count=-3)]),
    "loop-condition": (lambda: loop_by_data(count=False), [dict(n=3, begin=0), dict(n=5, begin=1)]),
    "loop-both": (lambda: loop_by_data(), [dict(n=3, begin=1, count=2), dict(n=5, begin=1, count=10**9), dict(n=4, begin=0, count=3)]),
    "loop-nested": (lambda: loop_by_data(condition=False, nested=True), [dict(n=3, count=3, times=2), dict(n=5, count=4, times=0)]),
    "scan": (scan, [dict(rows=1), dict(rows=90)]),
    "scan-200": (lambda: scan(200), [{}]),
}


def value(entry, sizes):
    if entry.name in sizes:
        return np.array(sizes[entry.name], np.bool_ if entry.type == "tensor(bool)" else np.int64)
    shape = [sizes[dim] if isinstance(dim, str) else dim for dim in entry.shape]
    if entry.name == "lengths":
        return random.integers(1, sizes["seq"] + 1, shape).astype(np.int32)
    return random.standard_normal(shape).astype(np.float32)


def error(got, expected):
    assert got.shape == expected.shape, f"expected shape {expected.shape}, got {got.shape}"
    return float(np.max(np.abs(got.astype("f8") - expected), initial=0)) / max(float(np.max(np.abs(expected), initial=0)), 1e-12)


make, sizes_of = CASES[name]
os.makedirs(folder, exist_ok=True)
path, artifact, given, result = (os.path.join(folder, name + end) for end in (".onnx", ".tgl", ".in.npz", ".out.npz"))
onnx.save(make(), path)
options = onnxruntime.SessionOptions()
options.log_severity_level = 3
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
groups = [[]]
for word in rest:
    groups.append([]) if word == "--" else groups[-1].append(word)
failed = False
for group in groups:
    at = group.index("@") if "@" in group else len(group)
    subprocess.run([tegula, "compile", path, "-o", artifact, *group[:at]], check=True)
    for sizes in sizes_of:
        feeds = {entry.name: value(entry, sizes) for entry in session.get_inputs()}
        if "begin" in feeds and "x" in feeds:
            feeds["x"] = np.abs(feeds["x"]) + np.float32(0.1)  # such a loop comes to its end
        np.savez(given, **feeds)
        expected = dict(zip((entry.name for entry in session.get_outputs()), session.run(None, feeds)))
        subprocess.run([tegula_run, artifact, "--input", f"@{given}", "--output", result, *group[at + 1:]], check=True)
        with np.load(result) as got:
            worst = max(error(got[key], array) for key, array in expected.items())
        failed |= not worst <= TOLERANCE
        print(f"{name} {' '.join(group)} {sizes}: error {worst:.2g}{'' if worst <= TOLERANCE else ' FAILED'}", flush=True)
sys.exit(failed)
