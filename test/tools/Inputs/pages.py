"""Formats manual pages with whatever this machine has (mandoc, groff or man), and ends with what it complains of: pages.py PAGE..."""

import shutil
import subprocess
import sys

if shutil.which("mandoc"):
    command = ["mandoc", "-T", "lint", "-W", "error"]
elif shutil.which("groff"):
    command = ["groff", "-man", "-Tutf8", "-ww"]
else:
    command = ["man", "--warnings", "-l"]
for page in sys.argv[1:]:
    done = subprocess.run([*command, page], capture_output=True, text=True)
    if done.returncode or done.stderr.strip():
        sys.exit(f"{page}: {done.stderr.strip() or done.stdout}")
print(len(sys.argv) - 1, "pages without complaints")
