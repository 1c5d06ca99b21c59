"""Compiles a model under schedules drawn at random and runs it: each is refused or gives the reference's numbers.

    vary_schedules.py TEGULA MODEL REFERENCE.npz FOLDER COUNT SEED [--dim NAME=N] [--target NAME]

Every schedule that the compiler prints is changed in one kernel: another algorithm, other numbers, parts left out, and for a card, whose code the
emulator runs, another block of threads. Prints "N schedules: N ran, N refused, N wrong", and each wrong one; what takes longer than a minute is.
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
is_card = any(option.startswith("sm_") for option in options)
device = ["--device", "emulator"] if is_card else []


def tegula_does(*words):
    command = [tegula, *map(str, words)]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, "timeout", "", "took longer than a minute")


def block():
    """A block of threads whose numbers fit each other, or do but for one."""
    multiply = draw.choice(["", "", "tf32", "bf16", "fp16"])
    thread_rows, thread_columns = draw.choice([1, 2, 4, 8]), draw.choice([4, 8, 16])
    high, wide = draw.choice([1, 2, 4, 8, 16]), draw.choice([1, 2, 4, 8, 16])
    if multiply:  # of warps of 8 x 4 threads
        high, wide = 8 * draw.choice([1, 2, 4]), 4 * draw.choice([1, 2, 4])
    numbers = dict(threads=high * wide, together=high * wide, rows=high * thread_rows, columns=wide * thread_columns)
    numbers |= dict(depth=draw.choice([4, 8, 16, 32, 64]), threadRows=thread_rows, threadColumns=thread_columns, stages=draw.choice([2, 3, 4]))
    if draw.random() < 0.2:
        numbers[draw.choice(list(numbers))] = draw.choice(SIZES)
    words = [f"{name} = {number}" for name, number in numbers.items()] + [f"multiply = {multiply}"] * bool(multiply)
    return f"block = <{', '.join(words)}>"


def change(line):
    if "block = <" in line and draw.random() < 0.8:
        return re.sub(r"block = <[^>]*>", block(), line)
    head, body = line.split("<", 1)
    if draw.random() < 0.5:
        body = re.sub(r"^\w+", draw.choice(["map", "contract", "window", "rows", "loops"]), body)
    if draw.random() < 0.3:
        body = re.sub(r", (grid|loops|pack) = \[[^]]*\]", "", body)
    return head + "<" + re.sub(r"\d+", lambda old: str(draw.choice(SIZES)) if draw.random() < 0.3 else old[0], body)


# Operands that a schedule rounds keep 8 bits or more.
tolerance = ["2e-2", "--atol", "5e-2"] if is_card else ["1e-4", "--atol", "2e-4"]
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
        run = tegula_does("run", artifact, *device, "--expect", reference, "--rtol", *tolerance)
    if run.returncode == 0:
        ran += 1
    else:
        wrong += 1
        print(f"exit {run.returncode} under {changed[kernel]}: {(run.stderr or run.stdout).strip()[:300]}")
print(f"{count} schedules: {ran} ran, {refused} refused, {wrong} wrong")
