"""Runs a command, passes on both its outputs as one, and checks its exit code: exit-code.py CODE PROGRAM ARGUMENTS...; shells' `not` only sees success."""

import subprocess
import sys

done = subprocess.run(sys.argv[2:], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
print(done.stdout, end="")
if done.returncode != int(sys.argv[1]):
    sys.exit(f"expected exit code {sys.argv[1]}, got {done.returncode}")
