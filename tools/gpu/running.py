"""Runs the cases of a prepared folder on a card, each in processes of their own with a limit, and keeps what it has after every one."""
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import time

import table

PART_SECONDS = 480
CASE_SECONDS = 120


def parts_of(suite):
    """(part, kind, entries): our own runs first, so that a machine without torch gives its numbers too."""
    names = sorted({entry["part"] for entry in suite["cases"]})
    own = [(name, "tegula", [e for e in suite["cases"] if e["part"] == name]) for name in names]
    return own + [("peers-" + name, "peers", entries) for name, _, entries in own]


class Runner:
    def __init__(self, chosen, suite):
        self.chosen, self.suite = chosen, suite
        self.folder = os.path.abspath(chosen.folder)
        self.path = os.path.join(chosen.out, "results.json")
        self.environment = dict(os.environ)
        self.results = {"device": chosen.device, "cases": {}}
        if os.path.exists(self.path):  # parts may come in several calls
            with open(self.path, encoding="utf-8") as file:
                self.results = json.load(file)

    def program(self):
        return os.path.join(self.folder, "bin", "tegula-run")

    def choose_libraries(self):
        """The system's own where they will do, else those that came along."""
        if subprocess.run([self.program(), "--version"], capture_output=True).returncode:
            self.environment["LD_LIBRARY_PATH"] = os.path.join(self.folder, "bin")

    def commands(self, kind, entry):
        """What is run for a case, as (what it tells, command)."""
        if kind == "peers":
            peers = [sys.executable, os.path.join(self.folder, "gpu", "peers.py"), json.dumps(entry), str(self.chosen.seconds)]
            return [("eager", peers + ["eager"]), ("compiled", peers + ["compiled"])]
        artifact = os.path.join(self.chosen.out, entry["name"] + ".tgl")
        run = [self.program(), artifact, "--device", self.chosen.device]
        expected = os.path.join(self.folder, "artifacts", entry["name"] + ".npz")
        tolerance = str(entry["tolerance"])
        checks = [("check", run + ["--expect", expected, "--rtol", tolerance, "--atol", tolerance])] if os.path.exists(expected) else []
        return checks + [("bench", run + ["--bench", str(self.chosen.seconds)])]

    def call(self, command, seconds):
        """(whether it went well, its output)."""
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=self.environment)
        except subprocess.TimeoutExpired:
            return False, f"no end within {seconds:.0f} s"
        return done.returncode == 0, (done.stdout + done.stderr).strip()

    def read(self, what, good, output):
        """The figures of a command's output."""
        if not good:
            return {"error": output[-500:] or "it failed without a word"}
        if what == "check":
            return {"numbers": output}
        if what != "bench":
            return json.loads(output.splitlines()[-1])
        whole = re.search(r"^median ([0-9.]+) ms", output, re.MULTILINE)
        kernels = re.search(r"kernels alone, .*: median ([0-9.]+) ms, min ([0-9.]+) ms", output)
        figures = {"run_ms": float(whole.group(1))} if whole else {"error": output[-500:]}
        if kernels:
            figures.update(device_ms=float(kernels.group(1)), device_min_ms=float(kernels.group(2)))
        return figures

    def run_case(self, kind, entry, deadline):
        record = self.results["cases"].setdefault(entry["name"], {key: entry[key] for key in ("part", "precision", "flops", "bytes")})
        artifact = os.path.join(self.chosen.out, entry["name"] + ".tgl")
        if kind == "tegula":
            with lzma.open(os.path.join(self.folder, "artifacts", entry["name"] + ".tgl.xz")) as packed, open(artifact, "wb") as file:
                shutil.copyfileobj(packed, file, 1 << 20)
        for what, command in self.commands(kind, entry):
            left = min(CASE_SECONDS, deadline - time.time())
            good, output = self.call(command, left) if left > 1 else (False, "the part's time is over")
            record[what] = self.read(what, good, output)
            print(f"{entry['name']}: {what}: {json.dumps(record[what])}", flush=True)
        if kind == "tegula":
            os.remove(artifact)
        self.save()

    def save(self):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.results, file, indent=1)
        os.replace(self.path + ".new", self.path)

    def failures(self):
        """Cases of ours that did not give right numbers and a time; peers are the other side's business."""
        return [name for name, record in self.results["cases"].items()
                if any("error" in record.get(what, {}) for what in ("check", "bench"))]


def run(chosen):
    path = os.path.join(chosen.folder, "suite.json")
    if not os.path.exists(path):
        print(f"gpu-suite: error: {path}: not there; expected a folder that 'gpu-suite prepare' wrote")
        return 1
    with open(path, encoding="utf-8") as file:
        suite = json.load(file)
    parts = parts_of(suite)
    if chosen.part and chosen.part not in [name for name, _, _ in parts]:
        print(f"gpu-suite: error: --part: expected {', '.join(name for name, _, _ in parts)}, got '{chosen.part}'")
        return 1
    os.makedirs(chosen.out, exist_ok=True)
    runner = Runner(chosen, suite)
    if not chosen.dry_run:
        runner.choose_libraries()
    for name, kind, entries in parts:
        if chosen.part and name != chosen.part:
            continue
        deadline = time.time() + PART_SECONDS
        print(f"part {name}: {len(entries)} cases, at most {PART_SECONDS} s", flush=True)
        for entry in entries:
            if not re.search(chosen.only, entry["name"]):
                continue
            if chosen.dry_run:
                for what, command in runner.commands(kind, entry):
                    print(f"  {entry['name']}: {what}: {' '.join(command)}")
            else:
                runner.run_case(kind, entry, deadline)
    if chosen.dry_run:
        return 0
    with open(os.path.join(chosen.out, "table.md"), "w", encoding="utf-8") as file:
        file.write(table.table(runner.results))
    failed = runner.failures()
    print(f"{len(runner.results['cases'])} cases, {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return 1 if failed else 0
