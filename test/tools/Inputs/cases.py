"""Makes a small collection of test cases in ONNX's layout from the digits example: cases.py DIGITS FOLDER; by hand, because the test must run without numpy and onnx."""

import os
import struct
import sys
import zipfile

digits, folder = sys.argv[1:]
model = open(os.path.join(digits, "digits.onnx"), "rb").read()


def values(npy, count):
    """The first float32 elements of a .npy file."""
    start = 10 + struct.unpack("<H", npy[8:10])[0]
    return npy[start : start + 4 * count]


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def tensor(dims, dtype, raw):
    """A TensorProto: dims = 1, data_type = 2, raw_data = 9."""
    return b"".join(b"\x08" + varint(d) for d in dims) + b"\x10" + varint(dtype) + b"\x4a" + varint(len(raw)) + raw


image = tensor([1, 1, 8, 8], 1, values(open(os.path.join(digits, "images.npy"), "rb").read(), 64))
scores = values(zipfile.ZipFile(os.path.join(digits, "scores.npz")).read("scores.npy"), 10)
wrong = scores[:12] + struct.pack("<f", 1e6) + scores[16:]

rows = ["set\tfolder\ttest\tflags\trtol\tatol"]
for name, flags, onnx, output in [
    ("right", "", model, tensor([1, 10], 1, scores)),
    ("random_values", "fp16,random", model, tensor([1, 10], 1, wrong)),
    ("wrong_value", "", model, tensor([1, 10], 1, wrong)),
    ("wrong_type", "", model, tensor([1, 10], 6, scores)),
    ("unknown_operator", "", model.replace(b"\x04Relu", b"\x04Reux"), tensor([1, 10], 1, scores)),
    ("damaged", "", model[: len(model) // 2], tensor([1, 10], 1, scores)),
]:
    data = os.path.join(folder, "made", name, "test_data_set_0")
    os.makedirs(data)
    for path, content in [("../model.onnx", onnx), ("input_0.pb", image), ("output_0.pb", output)]:
        with open(os.path.join(data, path), "wb") as file:
            file.write(content)
    rows.append(f"release\tmade\t{name}\t{flags}\t0.001\t1e-05")
with open(os.path.join(folder, "manifest.tsv"), "w") as file:
    file.write("\n".join(rows) + "\n")
