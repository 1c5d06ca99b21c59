#!/usr/bin/env python3
"""Trains the small network of this folder on scikit-learn's handwritten digits, so that anyone can make the committed files again.

    python3 -m venv v && v/bin/pip install numpy scikit-learn onnx && v/bin/python train.py

Writes digits.onnx (the network), images.npy and labels.npy (the digits held out of training), scores.npz (what the network
answers to them here) and accuracy.txt (how many of them it reads rightly), and prints that number. Plain numpy, one seed:
convolution as matrix product over patches, Adam with a cosine schedule, cross entropy.
"""

import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

HELD_OUT, EPOCHS, BATCH, RATE = 360, 40, 32, 2e-3
here = pathlib.Path(__file__).resolve().parent
rng = np.random.default_rng(2026)


def patches(x):
    """[n,c,h,w] -> [n,h,w,c*9]: the 3x3 surroundings of each pixel, zero outside."""
    n, c, h, w = x.shape
    p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    view = np.lib.stride_tricks.sliding_window_view(p, (3, 3), axis=(2, 3))
    return view.transpose(0, 2, 3, 1, 4, 5).reshape(n, h, w, c * 9)


class Conv:
    """A 3x3 convolution with padding one, bias, ReLU, and the largest of each 2x2 square if asked."""

    def __init__(self, inputs, outputs, pool):
        self.w = (rng.standard_normal((outputs, inputs * 9)) * np.sqrt(2 / (inputs * 9))).astype(np.float32)
        self.b = np.zeros(outputs, np.float32)
        self.pool = pool

    def forward(self, x):
        self.shape, self.cols = x.shape, patches(x)
        y = np.maximum((self.cols @ self.w.T + self.b).transpose(0, 3, 1, 2), 0)
        self.y = y
        if not self.pool:
            return y
        n, c, h, w = y.shape
        squares = y.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, h // 2, w // 2, 4)
        self.best = squares.argmax(-1)
        return squares.max(-1)

    def backward(self, g):
        if self.pool:
            n, c, h, w = g.shape
            squares = np.zeros((n, c, h, w, 4), np.float32)
            np.put_along_axis(squares, self.best[..., None], g[..., None], -1)
            g = squares.reshape(n, c, h, w, 2, 2).transpose(0, 1, 2, 4, 3, 5).reshape(n, c, 2 * h, 2 * w)
        g = (g * (self.y > 0)).transpose(0, 2, 3, 1)
        flat = g.reshape(-1, g.shape[-1])
        grads = [flat.T @ self.cols.reshape(-1, self.cols.shape[-1]), flat.sum(0)]
        n, c, h, w = self.shape
        back = (g @ self.w).reshape(n, h, w, c, 3, 3)
        p = np.zeros((n, c, h + 2, w + 2), np.float32)
        for i in range(3):
            for j in range(3):
                p[:, :, i : i + h, j : j + w] += back[..., i, j].transpose(0, 3, 1, 2)
        return p[:, :, 1:-1, 1:-1], grads


class Dense:
    """The last layer: ten scores from all features."""

    def __init__(self, inputs, outputs):
        self.w = (rng.standard_normal((inputs, outputs)) * np.sqrt(1 / inputs)).astype(np.float32)
        self.b = np.zeros(outputs, np.float32)

    def forward(self, x):
        self.shape, self.x = x.shape, x.reshape(len(x), -1)
        return self.x @ self.w + self.b

    def backward(self, g):
        return (g @ self.w.T).reshape(self.shape), [self.x.T @ g, g.sum(0)]


layers = [Conv(1, 16, False), Conv(16, 16, True), Conv(16, 32, True), Dense(128, 10)]


def scores_of(x):
    for layer in layers:
        x = layer.forward(x)
    return x


def train(x, y):
    mean = [[np.zeros_like(p) for p in (layer.w, layer.b)] for layer in layers]
    square = [[np.zeros_like(p) for p in (layer.w, layer.b)] for layer in layers]
    step, steps = 0, EPOCHS * (len(x) // BATCH)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - BATCH + 1, BATCH):
            pick = order[start : start + BATCH]
            s = scores_of(x[pick])
            e = np.exp(s - s.max(1, keepdims=True))
            g = e / e.sum(1, keepdims=True)
            g[np.arange(BATCH), y[pick]] -= 1
            g = (g / BATCH).astype(np.float32)
            step += 1
            rate = RATE * 0.5 * (1 + np.cos(np.pi * step / steps))
            for i in reversed(range(len(layers))):
                g, grads = layers[i].backward(g)
                for k, (name, grad) in enumerate(zip("wb", grads)):
                    mean[i][k] = 0.9 * mean[i][k] + 0.1 * grad
                    square[i][k] = 0.999 * square[i][k] + 0.001 * grad * grad
                    m, v = mean[i][k] / (1 - 0.9**step), square[i][k] / (1 - 0.999**step)
                    new = getattr(layers[i], name) - rate * m / (np.sqrt(v) + 1e-8)
                    setattr(layers[i], name, new.astype(np.float32))


def export(path):
    nodes, weights, x = [], [], "image"

    def weight(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), name))
        return name

    for i, layer in enumerate(layers[:-1], 1):
        w = layer.w.reshape(len(layer.w), -1, 3, 3)
        names = [x, weight(f"conv{i}.weight", w), weight(f"conv{i}.bias", layer.b)]
        nodes.append(helper.make_node("Conv", names, [f"c{i}"], f"conv{i}", kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{i}"], [f"r{i}"], f"relu{i}"))
        x = f"r{i}"
        if layer.pool:
            nodes.append(helper.make_node("MaxPool", [x], [f"p{i}"], f"pool{i}", kernel_shape=[2, 2], strides=[2, 2]))
            x = f"p{i}"
    nodes.append(helper.make_node("Flatten", [x], ["features"], "flatten", axis=1))
    names = ["features", weight("dense.weight", layers[-1].w), weight("dense.bias", layers[-1].b)]
    nodes.append(helper.make_node("Gemm", names, ["scores"], "dense"))
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", 10])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="train.py")
    onnx.checker.check_model(model)
    onnx.save(model, path)


digits = load_digits()
images = (digits.images / 16).astype(np.float32)[:, None]
order = rng.permutation(len(images))
held, rest = order[:HELD_OUT], order[HELD_OUT:]
train(images[rest], digits.target[rest])

answers = scores_of(images[held])
right = int((answers.argmax(1) == digits.target[held]).sum())
top = np.sort(answers, 1)
export(here / "digits.onnx")
np.save(here / "images.npy", images[held])
np.save(here / "labels.npy", digits.target[held].astype(np.int64))
np.savez(here / "scores.npz", scores=answers)
(here / "accuracy.txt").write_text(f"{right}/{HELD_OUT}\n")
print(f"accuracy {right}/{HELD_OUT}, smallest distance of the two best scores {(top[:, -1] - top[:, -2]).min():.4f}")
