"""Writes what a fuzz target begins with: seeds.py TARGET FOLDER; small, and something of each kind, so that no time is lost on finding a format."""

import io
import pathlib
import re
import struct
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test" / "bad-input" / "Inputs"))
import onnx  # noqa: E402  (the test's own writer, not the package)


def importer():
    x, wide = onnx.value("x", [1, 2, 8, 8]), onnx.floats("w", [2, 2, 3, 3], *[0.5] * 36)
    yield "relu", onnx.small(onnx.node("Relu", ["x"], ["y"]))
    yield "conv", onnx.model(onnx.graph([onnx.node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1], strides=[2, 2]),
                                         onnx.node("MaxPool", ["c"], ["y"], kernel_shape=[2, 2])], [x], [onnx.value("y")], [wide]))
    yield "gemm", onnx.small(onnx.node("Gemm", ["x", "w"], ["h"], alpha=0.5, transB=1), onnx.node("Softmax", ["h"], ["y"], axis=-1),
                             weights=[onnx.floats("w", [2, 3], *[1.0] * 6)])
    yield "shape", onnx.small(onnx.node("Shape", ["x"], ["s"]), onnx.node("Gather", ["s", "i"], ["d"]), onnx.node("Concat", ["d", "m"], ["t"], axis=0),
                              onnx.node("Reshape", ["x", "t"], ["y"]), weights=[onnx.ints("i", 0), onnx.ints("m", -1)], dims=["n", 3])
    yield "slice", onnx.small(onnx.node("Slice", ["x", "b", "e", "a", "s"], ["p"]), onnx.node("Pad", ["p", "q"], ["y"], mode="reflect"),
                              weights=[onnx.ints("b", 0), onnx.ints("e", 2), onnx.ints("a", 1), onnx.ints("s", 1), onnx.ints("q", 0, 1, 0, 1)])
    yield "resize", onnx.model(onnx.graph([onnx.node("Resize", ["x", "", "k"], ["y"], mode="linear")], [x], [onnx.value("y")],
                                          [onnx.floats("k", [4], 1.0, 1.0, 2.0, 2.0)]))
    then = onnx.graph([onnx.node("Relu", ["x"], ["t"])], (), [onnx.value("t")])
    otherwise = onnx.graph([onnx.node("Neg", ["x"], ["o"])], (), [onnx.value("o")])
    yield "if", onnx.model(onnx.graph([onnx.node("If", ["c"], ["y"], then_branch=then, else_branch=otherwise)],
                                      [onnx.value("x", [2, 3]), onnx.value("c", [], onnx.BOOL)], [onnx.value("y")]))
    body = onnx.graph([onnx.node("Identity", ["c"], ["d"]), onnx.node("Relu", ["h"], ["k"])],
                      [onnx.value("i", [], onnx.INT64), onnx.value("c", [], onnx.BOOL), onnx.value("h", [2, 3])],
                      [onnx.value("d", [], onnx.BOOL), onnx.value("k", [2, 3])])
    yield "loop", onnx.small(onnx.node("Loop", ["n", "", "x"], ["y"], body=body), weights=[onnx.tensor("n", [], onnx.INT64, struct.pack("<q", 3))])
    yield "function", onnx.small(onnx.node("F", ["x"], ["y"], domain="local"), opsets=(("", 18), ("local", 1)),
                                 functions=[onnx.function("F", ["a"], ["b"], [onnx.node("Abs", ["a"], ["b"])])])
    yield "external", onnx.small(onnx.node("Add", ["x", "w"], ["y"]), weights=[onnx.external("w", [3], "w.bin", 0, 12)])
    yield "lstm", onnx.model(onnx.graph([onnx.node("LSTM", ["x", "w", "r"], ["", "y"], hidden_size=1)], [onnx.value("x", [2, 1, 2])], [onnx.value("y")],
                                        [onnx.floats("w", [1, 4, 2], *[0.1] * 8), onnx.floats("r", [1, 4, 1], *[0.1] * 4)]))
    yield "quantize", onnx.small(onnx.node("QuantizeLinear", ["x", "s", "z"], ["q"]), onnx.node("DequantizeLinear", ["q", "s", "z"], ["y"]),
                                 weights=[onnx.floats("s", [], 0.5), onnx.tensor("z", [], onnx.UINT8, b"\3")])


def npy(descr, dims, data, order="False"):
    header = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({''.join(f'{dim},' for dim in dims)}), }}"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n" + data


def npz():
    plain, turned = npy("<f4", [2, 3], bytes(24)), npy(">i8", [2], bytes(16), "True")
    yield "f4.npy", plain
    yield "turned.npy", turned
    yield "scalar.npy", npy("|b1", [], b"\1")
    for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr("x.npy", plain)
            archive.writestr("y.npy", turned)
        yield f"{name}.npz", buffer.getvalue()


def artifact():
    yield "empty", b"\x89TGL\r\n\x1a\n"  # the target makes artifacts of its own of what is none


def sched():
    """Every schedule that a test writes down."""
    found = set()
    for path in sorted((ROOT / "test").rglob("*")):
        if path.suffix in (".mlir", ".test"):
            found.update(re.findall(r"#sched\.schedule<[^{}'\n]*?>(?=[) \n])", path.read_text(errors="replace")))
    kernels = re.findall(r"tile\.kernel (@\w+)", (ROOT / "test" / "fuzz" / "Inputs" / "kernels.mlir").read_text())
    for number, schedule in enumerate(sorted(found)):
        yield f"{number}", "".join(f"{kernel} {schedule}\n" for kernel in kernels[number % 2::2]).encode()
    yield "none", "".join(f"{kernel} none\n" for kernel in kernels).encode()


target, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
for name, data in globals()[target]():
    (folder / name).write_bytes(data)
