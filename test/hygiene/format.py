"""Checks with clang-format that every C++ file has the tree's layout, so that diffs show meaning only (clang-format -i mends it)."""

import subprocess
import sys

import tree

paths = [str(tree.ROOT / p) for p in tree.files(".cpp", ".h")]
done = subprocess.run([sys.argv[1], "--dry-run", *paths], capture_output=True, text=True)
wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "[-Wclang-format-violations]" in line})
problems = [f"{path.removeprefix(str(tree.ROOT) + '/')}: not as clang-format puts it" for path in wrong]
tree.finish(problems + ([done.stderr] if done.returncode else []), len(paths))
