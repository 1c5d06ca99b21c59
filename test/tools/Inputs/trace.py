"""Checks a trace that --profile wrote: trace.py FILE RUNS NODE...: complete events within runs, names, and no two at once on a thread."""

import collections
import json
import sys

trace = json.load(open(sys.argv[1]))
events = [event for event in trace["traceEvents"] if event["ph"] == "X"]
names = [event for event in trace["traceEvents"] if event["ph"] == "M"]
assert len(events) + len(names) == len(trace["traceEvents"])
runs = [event for event in events if event["cat"] == "run"]
kernels = [event for event in events if event["cat"] == "kernel"]
assert [run["name"] for run in runs] == [f"run {i}" for i in range(int(sys.argv[2]))], runs
assert {event["tid"] for event in events} == {event["tid"] for event in names if event["name"] == "thread_name"}
assert kernels
cells = collections.Counter()
for run in runs:
    inside = [k for k in kernels if run["ts"] <= k["ts"] and k["ts"] + k["dur"] <= run["ts"] + run["dur"] + 0.01]
    threads = collections.defaultdict(list)
    for kernel in inside:
        threads[kernel["tid"]].append(kernel)
        cells[run["name"]] += kernel["args"]["cells"]
    for each in threads.values():
        each.sort(key=lambda kernel: kernel["ts"])
        for first, second in zip(each, each[1:]):
            assert first["ts"] + first["dur"] <= second["ts"] + 0.01, (first, second)
    for node in sys.argv[3:]:
        assert any(node in kernel["args"]["nodes"].split() for kernel in inside), node
    kernels = [kernel for kernel in kernels if kernel not in inside]
assert not kernels, kernels
assert len(set(cells.values())) == 1, cells
print("trace of", len(runs), "runs,", min(cells.values()), "cells each")
