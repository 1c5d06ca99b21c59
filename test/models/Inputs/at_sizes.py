"""Runs one artifact of a model with open sizes at several, and compares each with ONNX Runtime.

    at_sizes.py MODEL.onnx ARTIFACT.tgl FOLDER TEGULA-RUN TOLERANCE SIZES [SIZES ...]

SIZES is name=number,...; the tolerance is of max|a-b| / max|b|, the largest of all outputs. Runs with one thread and with two.
"""

import os
import subprocess
import sys
import zlib

import numpy as np
import onnxruntime

model, artifact, folder, tegula_run, tolerance, *cases = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
options = onnxruntime.SessionOptions()
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
options.log_severity_level = 3
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def value(entry, sizes):
    shape = [sizes[dim] if isinstance(dim, str) else dim for dim in entry.shape]
    random = np.random.default_rng(zlib.crc32(entry.name.encode()))
    if entry.type == "tensor(float)":
        return random.standard_normal(shape).astype(np.float32)
    return random.integers(0, 2, shape).astype(np.int64)


def error(got, expected):
    assert got.shape == expected.shape, f"expected shape {expected.shape}, got {got.shape}"
    return float(np.max(np.abs(got.astype("f8") - expected))) / max(float(np.max(np.abs(expected))), 1e-12)


given, result = (os.path.join(folder, name) for name in ("in.npz", "out.npz"))
failed = False
for case in cases:
    sizes = {name: int(number) for name, number in (part.split("=") for part in case.split(","))}
    feeds = {entry.name: value(entry, sizes) for entry in session.get_inputs()}
    np.savez(given, **feeds)
    expected = dict(zip((entry.name for entry in session.get_outputs()), session.run(None, feeds)))
    for threads in ("1", "2"):
        subprocess.run([tegula_run, artifact, "--input", f"@{given}", "--output", result, "--threads", threads], check=True)
        with np.load(result) as got:
            worst = max(error(got[name], array) for name, array in expected.items())
        failed |= worst > float(tolerance)
        print(f"{case}, {threads} threads: error {worst:.2g}{' FAILED' if worst > float(tolerance) else ''}", flush=True)
sys.exit(failed)
