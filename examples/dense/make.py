"""Makes dense.onnx, the smallest model that shows every phase (docs/model-flow.md): relu(x @ w + b) with an open batch: make.py FILE."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

weights = (np.arange(128 * 64, dtype=np.float32).reshape(128, 64) % 7 - 3) / 8
bias = np.linspace(-1, 1, 64, dtype=np.float32)
graph = helper.make_graph(
    [
        helper.make_node("Gemm", ["x", "w", "b"], ["sum"], "dense"),
        helper.make_node("Relu", ["sum"], ["y"], "activation"),
    ],
    "dense",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 128])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 64])],
    [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), sys.argv[1])
