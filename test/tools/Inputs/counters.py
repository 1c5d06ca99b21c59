"""Checks counters that --counters wrote against themselves and against the PTX they are of: counters.py COUNTERS.json KERNELS.ptx"""

import json
import sys

with open(sys.argv[1]) as file:
    kernels = json.load(file)["kernels"]
with open(sys.argv[2]) as file:
    text = {" ".join(line.split()) for line in file}

works = set()
for kernel in kernels:
    assert kernel["dispatches"] and all(one["nodes"] for one in kernel["dispatches"]), kernel["name"]
    assert kernel["launches"] == len(kernel["dispatches"]), kernel["name"]
    works |= set(kernel["instructions"])
    for space in ("shared", "global"):
        for work, total in kernel[space].items():
            lines = [line[space] for line in kernel["lines"] if line["work"] == work and space in line]
            for key, value in total.items():
                assert value == sum(line[key] for line in lines), (kernel["name"], space, work, key)
    for work, total in kernel["shared"].items():
        assert total["wavefronts"] - total["least_wavefronts"] == total["bank_conflicts"] >= 0, (kernel["name"], work)
    for work, total in kernel["global"].items():
        assert total["sectors"] >= total["least_sectors"] > 0 and total["sectors"] >= total["lines"] > 0, (kernel["name"], work)
    for line in kernel["lines"]:
        assert line["text"] in text, line
print(f"{len(kernels)} kernels, {sum(len(kernel['lines']) for kernel in kernels)} lines, {'mma' if 'mma' in works else 'no mma'}")
