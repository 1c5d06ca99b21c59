"""Makes stereo.onnx, a matcher with two operators that no ONNX runtime knows, and what numpy says it computes: make.py FOLDER."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CHANNELS, SHIFTS = 16, 6


def reference(left, right, bias):
    left, right = np.maximum(left, 0), np.maximum(right, 0)
    columns = np.arange(left.shape[2])
    shifted = [right[:, :, np.maximum(columns - d, 0), :] for d in range(SHIFTS)]
    cost = np.stack([(left * each).sum(-1) for each in shifted], -1) + bias
    return np.maximum.accumulate(np.tanh(cost * 0.25), -1) * 2


def main(folder):
    generator = np.random.default_rng(11)
    bias = generator.standard_normal(SHIFTS).astype(np.float32)
    nodes = [
        helper.make_node("Relu", ["left"], ["l"], "left_features"),
        helper.make_node("Relu", ["right"], ["r"], "right_features"),
        helper.make_node("CostVolume", ["l", "r", "bias"], ["cost"], "match", domain="com.example"),
        helper.make_node("Mul", ["cost", "quarter"], ["scaled"], "scale"),
        helper.make_node("Tanh", ["scaled"], ["bounded"], "bound"),
        helper.make_node("RunningMax", ["bounded"], ["most"], "envelope", domain="com.example"),
        helper.make_node("Mul", ["most", "two"], ["y"], "stretch"),
    ]
    shape = ["batch", "height", "width"]
    graph = helper.make_graph(
        nodes,
        "stereo",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape + [CHANNELS]) for name in ("left", "right")],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape + [SHIFTS])],
        [
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(np.array(0.25, np.float32), "quarter"),
            numpy_helper.from_array(np.array(2, np.float32), "two"),
        ],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), f"{folder}/stereo.onnx")
    left, right = (generator.standard_normal((2, 3, 9, CHANNELS), np.float32) for _ in range(2))
    np.save(f"{folder}/in_left.npy", left)
    np.save(f"{folder}/in_right.npy", right)
    np.save(f"{folder}/out_y.npy", reference(left, right, bias).astype(np.float32))


main(*sys.argv[1:])
