"""Plays the driver of the worker protocol against PROGRAM... MODEL, and checks every answer: serve.py PROGRAM... MODEL INPUT.npy SCRATCH.npz.

An archive is written by hand, because the test must run where Python has no numpy.
"""

import json
import subprocess
import sys
import zipfile

*program, model, value, archive = sys.argv[1:]
with zipfile.ZipFile(archive, "w") as out, open(value, "rb") as array:
    out.writestr("image.npy", array.read())

worker = subprocess.Popen([*program, model, archive, "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(line):
    worker.stdin.write(line + "\n")
    worker.stdin.flush()
    return json.loads(worker.stdout.readline())


ready = json.loads(worker.stdout.readline())
assert ready["compile_s"] > 0 and ready["load_ms"] >= 0, ready
with zipfile.ZipFile(ready["outputs"]) as outputs:
    assert outputs.namelist() == ["scores.npy"], outputs.namelist()
for count in (1, 5, 3):
    times = ask(f"run {count}")
    assert len(times) == count and min(times) > 0, times
worker.stdin.close()
last = json.loads(worker.stdout.readline())
assert last["rss_mb"] > 1, last
assert worker.wait() == 0
