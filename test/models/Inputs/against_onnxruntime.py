"""Writes a standard network, computes its outputs with ONNX Runtime, and has tegula verify itself against them.

    against_onnxruntime.py MAKE_MODELS NAME FOLDER TEGULA [make_models' options] -- OPTIONS --threads N [-- OPTIONS --threads N ...]

OPTIONS are those of `tegula compile`.

The tolerance is max(1e-5, 4 x sensitivity): what one rounding error in the float inputs, or ONNX Runtime's own optimisations, do to
the outputs. The folder is emptied afterwards, because a network may take hundreds of megabytes.
"""

import os
import shutil
import subprocess
import sys
import zlib

import numpy as np
import onnxruntime

make_models, name, folder, tegula, *rest = sys.argv[1:]
groups = [[]]
for word in rest:
    if word == "--":
        groups.append([])
    else:
        groups[-1].append(word)
make_options, *verifications = groups

shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
model = os.path.join(folder, "model.onnx")
subprocess.run([sys.executable, make_models, name, "-o", model, *make_options], check=True, stdout=subprocess.DEVNULL)


def session(level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def value(entry):
    random = np.random.default_rng(zlib.crc32(entry.name.encode()))
    if entry.type == "tensor(float)":
        return random.standard_normal(entry.shape).astype(np.float32)
    if "mask" in entry.name:
        return np.ones(entry.shape, np.int64)
    return random.integers(0, 2 if "type" in entry.name else 100, entry.shape).astype(np.int64)


def difference(got, reference):
    return max(float(np.max(np.abs(a.astype("f8") - b))) / max(float(np.max(np.abs(b))), 1e-12) for a, b in zip(got, reference))


try:
    plain = session(onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL)
    feeds = {entry.name: value(entry) for entry in plain.get_inputs()}
    reference = plain.run(None, feeds)
    nudged = {k: np.nextafter(v, np.float32(np.inf)) if v.dtype == np.float32 else v for k, v in feeds.items()}
    sensitivity = difference(plain.run(None, nudged), reference)
    names = [entry.name for entry in plain.get_outputs()]
    del plain
    sensitivity = max(sensitivity, difference(session(onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL).run(None, feeds), reference))
    for key, array in feeds.items():
        np.save(os.path.join(folder, f"in_{key}.npy"), array)
    for key, array in zip(names, reference):
        np.save(os.path.join(folder, f"out_{key}.npy"), array)
    tolerance = max(1e-5, 4 * sensitivity)
    print(f"{name}: sensitivity {sensitivity:.2g}, tolerance {tolerance:.2g}", flush=True)
    failed, made, artifact = 0, None, os.path.join(folder, "model.tgl")
    for options in verifications:
        print(" ".join(options), flush=True)
        at = options.index("--threads")
        compiling = options[:at] + options[at + 2 :]
        if compiling != made:  # an artifact does not depend on how many threads run it
            subprocess.run([tegula, "compile", model, "-o", artifact, *compiling], check=True)
            made = compiling
        failed |= subprocess.run([tegula, "verify", artifact, "--tolerance", f"{tolerance:g}", *options[at : at + 2]]).returncode
finally:
    shutil.rmtree(folder)
sys.exit(failed)
