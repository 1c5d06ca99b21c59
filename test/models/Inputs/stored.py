"""Verifies a model against the arrays that lie beside it, at every level, for two targets, with one thread and with two.

    stored.py FOLDER TEGULA MODEL TOLERANCE

What does not depend on the number of threads that run it is compiled once.
"""

import pathlib
import shutil
import subprocess
import sys

folder, tegula, model, tolerance = sys.argv[1:]
shutil.rmtree(folder, ignore_errors=True)
shutil.copytree(pathlib.Path(model).parent, folder, ignore=shutil.ignore_patterns("*.onnx"), copy_function=shutil.copyfile)
pathlib.Path(folder).chmod(0o755)
artifact = pathlib.Path(folder) / "model.tgl"
failed = 0
for options, counts in (([], "12"), (["--target", "x86-64-v3"], "2"), (["-O0"], "12")):
    subprocess.run([tegula, "compile", model, "-o", artifact, *options], check=True)
    for threads in counts:
        print(*options, "--threads", threads, flush=True)
        failed |= subprocess.run([tegula, "verify", artifact, "--tolerance", tolerance, "--threads", threads]).returncode
shutil.rmtree(folder)
sys.exit(failed)
