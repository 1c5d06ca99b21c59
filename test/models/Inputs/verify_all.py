"""Runs `tegula verify` on every model of a folder and names those that fail, because one failure should not hide another.

Usage: verify_all.py TEGULA FOLDER
"""
import pathlib
import subprocess
import sys

failed = 0
models = sorted(pathlib.Path(sys.argv[2]).glob("*.onnx"))
for number, model in enumerate(models):
    threads = str(1 + number % 2)
    done = subprocess.run([sys.argv[1], "verify", str(model), "--threads", threads], capture_output=True, text=True)
    if done.returncode != 0:
        failed += 1
        print(f"{model.name}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
print(f"{len(models) - failed} verified, {failed} failed")
