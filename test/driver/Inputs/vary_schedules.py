"""Compiles a model under schedules drawn at random and runs it: each is refused or gives the reference's numbers.

    vary_schedules.py TEGULA MODEL REFERENCE.npz FOLDER COUNT SEED [--dim NAME=N]

Every schedule that the compiler prints is changed in one kernel: another algorithm, other numbers, parts left out. Prints "N schedules: N ran,
N refused, N wrong", and each wrong one.
"""

import random
import re
import subprocess
import sys
from pathlib import Path

tegula, model, reference, folder, count, seed, *options = sys.argv[1:]
folder = Path(folder)
folder.mkdir(parents=True, exist_ok=True)
draw = random.Random(int(seed))
SIZES = [0, 1, 2, 3, 4, 6, 8, 12, 16, 32, 64]


def tegula_does(*words):
    return subprocess.run([tegula, *map(str, words)], capture_output=True, text=True)


def change(line):
    head, body = line.split("<", 1)
    if draw.random() < 0.5:
        body = re.sub(r"^\w+", draw.choice(["map", "contract", "window", "rows", "loops"]), body)
    if draw.random() < 0.3:
        body = re.sub(r", (grid|loops|pack) = \[[^]]*\]", "", body)
    return head + "<" + re.sub(r"\d+", lambda old: str(draw.choice(SIZES)) if draw.random() < 0.3 else old[0], body)


printed = tegula_does("compile", model, *options, "--emit=sched").stdout.splitlines()
ran = refused = wrong = 0
for number in range(int(count)):
    kernel = draw.randrange(len(printed))
    changed = [change(line) if place == kernel and "<" in line else line for place, line in enumerate(printed)]
    file, artifact = folder / f"{number}.sched", folder / "varied.tgl"
    file.write_text("\n".join(changed) + "\n")
    compiled = tegula_does("compile", model, *options, "--sched", file, "-o", artifact)
    if compiled.returncode == 1:
        refused += 1
        continue
    run = compiled
    if compiled.returncode == 0:
        run = tegula_does("run", artifact, "--expect", reference, "--rtol", "1e-4", "--atol", "2e-4")
    if run.returncode == 0:
        ran += 1
    else:
        wrong += 1
        print(f"exit {run.returncode} under {changed[kernel]}: {(run.stderr or run.stdout).strip()[:300]}")
print(f"{count} schedules: {ran} ran, {refused} refused, {wrong} wrong")
