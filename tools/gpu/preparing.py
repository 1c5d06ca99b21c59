"""Compiles every case here, so that the machine with the card needs a folder of at most 40 MB and nothing else of ours."""
import json
import lzma
import os
import re
import shutil
import subprocess
import tempfile
import time

import arguments
import cases
import onnx_bytes

MOST_BYTES = 40 << 20
MOST_EXPECTED = 1 << 20  # of results that are shipped for comparison
LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1")


class Failed(Exception):
    pass


def call(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def write_model(case, chosen, path):
    if case.build:
        with open(path, "wb") as file:
            file.write(case.build())
        return
    if not os.path.exists(chosen.networks) or not os.path.exists(chosen.python):
        raise Failed(f"network '{case.network}': expected {chosen.networks} and {chosen.python}; see --networks and --python")
    call([chosen.python, chosen.networks, case.network, "-o", path])
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        onnx_bytes.repeat_weights(data)
        file.seek(0)
        file.write(data)


def compress(source, target):
    with open(source, "rb") as file, lzma.open(target, "wb", preset=3) as packed:
        shutil.copyfileobj(file, packed, 1 << 20)


def prepare_case(case, chosen, work):
    """The entry of suite.json for a case, whose files stand in DIR afterwards."""
    tegula = os.path.join(chosen.build, "bin", "tegula")
    model, artifact, expected = (os.path.join(work, name) for name in ("model.onnx", "model.tgl", "expected.npz"))
    write_model(case, chosen, model)
    targets = [f"--target={name}" for name in chosen.targets.split(",")]
    started = time.time()
    call([tegula, "compile", model, "-o", artifact] + targets + case.flags)
    seconds = time.time() - started
    call([tegula, "run", model, "--output", expected])
    entry = {"name": case.name, "part": case.part, "peer": case.peer, "sizes": case.sizes, "flops": case.flops, "bytes": case.bytes,
             "precision": case.precision, "tolerance": case.tolerance, "compile_s": round(seconds, 2), "artifact_bytes": os.path.getsize(artifact)}
    compress(artifact, os.path.join(chosen.folder, "artifacts", case.name + ".tgl.xz"))
    if os.path.getsize(expected) <= MOST_EXPECTED:
        shutil.copy(expected, os.path.join(chosen.folder, "artifacts", case.name + ".npz"))
    return entry


def copy_programs(chosen):
    """The runtime with the libraries that an older system may lack, and these scripts."""
    program = os.path.join(chosen.build, "bin", "tegula-run")
    os.makedirs(os.path.join(chosen.folder, "bin"))
    target = os.path.join(chosen.folder, "bin", "tegula-run")
    if subprocess.run(["strip", program, "-o", target], capture_output=True).returncode:
        shutil.copy(program, target)
    for line in call(["ldd", program]).splitlines():
        name, _, rest = line.strip().partition(" => ")
        if name in LIBRARIES:
            shutil.copy(rest.split(" ")[0], os.path.join(chosen.folder, "bin", name))
    here = arguments.root()
    shutil.copy(os.path.join(here, "gpu-suite"), chosen.folder)
    os.makedirs(os.path.join(chosen.folder, "gpu"))
    for name in ("arguments.py", "running.py", "peers.py", "table.py"):
        shutil.copy(os.path.join(here, "gpu", name), os.path.join(chosen.folder, "gpu"))


def folder_bytes(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)


def known_precisions(tegula):
    """Precisions below fp32 that the compiler offers."""
    found = re.search(r"--precision\s+(\S+)", call([tegula, "compile", "--help"]))
    return [word for word in ("tf32", "bf16", "fp16") if found and word in found.group(1)]


def prepare(chosen):
    if os.path.exists(chosen.folder) and os.listdir(chosen.folder):
        print(f"gpu-suite: error: {chosen.folder}: expected a new or empty folder")
        return 1
    os.makedirs(os.path.join(chosen.folder, "artifacts"), exist_ok=True)
    entries = []
    try:
        copy_programs(chosen)
        for case in cases.all_cases(known_precisions(os.path.join(chosen.build, "bin", "tegula"))):
            if not re.search(chosen.only, case.name):
                continue
            with tempfile.TemporaryDirectory() as work:
                entries.append(prepare_case(case, chosen, work))
            print(f"{case.name}: compiled in {entries[-1]['compile_s']} s, {entries[-1]['artifact_bytes']} bytes", flush=True)
    except (Failed, OSError) as failure:
        print(f"gpu-suite: error: {failure}")
        return 1
    with open(os.path.join(chosen.folder, "suite.json"), "w", encoding="utf-8") as file:
        json.dump({"targets": chosen.targets.split(","), "cases": entries}, file, indent=1)
    size = folder_bytes(chosen.folder)
    print(f"{chosen.folder}: {len(entries)} cases, {size / (1 << 20):.1f} MB")
    if size > MOST_BYTES:
        print(f"gpu-suite: error: expected at most {MOST_BYTES >> 20} MB: choose fewer cases by --only")
        return 1
    return 0
