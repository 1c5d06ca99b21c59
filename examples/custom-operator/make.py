"""Makes gated.onnx, a small block with two operators that no ONNX runtime knows, and what numpy says it computes: make.py FOLDER."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, EPSILON, BETA = 32, 1e-3, 1.5


def reference(x, weights, scale):
    projected = x @ weights
    normed = projected / np.sqrt(np.mean(projected * projected, axis=-1, keepdims=True) + EPSILON) * scale
    return normed * (1 / (1 + np.exp(-BETA * x))) + x


def main(folder):
    generator = np.random.default_rng(7)
    weights = generator.standard_normal((WIDTH, WIDTH), np.float32) / np.float32(WIDTH**0.5)
    scale = generator.standard_normal(WIDTH).astype(np.float32)
    nodes = [
        helper.make_node("MatMul", ["x", "weights"], ["projected"], "project"),
        helper.make_node("RmsNorm", ["projected", "scale"], ["normed"], "norm", domain="com.example", epsilon=EPSILON),
        helper.make_node("SmoothGate", ["normed", "x"], ["gated"], "gate", domain="com.example", beta=BETA),
        helper.make_node("Add", ["gated", "x"], ["y"], "residual"),
    ]
    shape = ["batch", "seq", WIDTH]
    graph = helper.make_graph(
        nodes,
        "gated",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(scale, "scale")],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.example", 2)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), f"{folder}/gated.onnx")
    x = generator.standard_normal((2, 5, WIDTH), np.float32)
    np.save(f"{folder}/in_x.npy", x)
    np.save(f"{folder}/out_y.npy", reference(x, weights, scale).astype(np.float32))


main(*sys.argv[1:])
