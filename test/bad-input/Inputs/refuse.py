"""Runs a command for each file that must be refused, and checks what it says: refuse.py [--sanitized] TEST FOLDER GLOB PROGRAM ARGUMENTS...

TEST holds a line a file, `name | what is wrong | exit code | message`, and there must be one for each file of FOLDER that GLOB fits. CASE in an
argument stands for the file. The message must stand in what is printed, where `...` stands for anything on a line. A refusal takes at most
a second of processor time and 512 MiB; exit code 0 says that the file is sound and must be accepted in that. Under sanitizers neither is measured.
"""

import fnmatch
import os
import pathlib
import re
import subprocess
import sys

SECONDS, MEBIBYTES, HANGS = 1.0, 512, 60
ROW = re.compile(r"^([\w.-]+) \| ([^|]+) \| (\d+) \| (.*)$", re.M)


def rows(text):
    """(name, what is wrong, exit code, message) of each line of a test's table."""
    return [(name, kind.strip(), int(code), message.strip()) for name, kind, code, message in ROW.findall(text)]


def problems_of(command, code, message, sanitized):
    started = subprocess.Popen(["timeout", "-k", "5", str(HANGS), *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = started.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode != code:
        yield f"expected exit code {code}, got {started.returncode}"
    pattern = ".*".join(map(re.escape, message.split("...")))
    if not re.search(pattern, said):
        yield f"expected '{message}'"
    if code and len(said.splitlines()) > 1000:
        yield f"expected a message that can be read, got {len(said.splitlines())} lines"
    seconds, mebibytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    if not sanitized and seconds > SECONDS:
        yield f"expected at most {SECONDS} s of processor time, got {seconds:.1f}"
    if not sanitized and mebibytes > MEBIBYTES:
        yield f"expected at most {MEBIBYTES} MiB, got {mebibytes:.0f}"
    if said and (started.returncode != code or not re.search(pattern, said)):
        yield "got: " + said[:500].rstrip()


def main():
    arguments = sys.argv[1:]
    sanitized = arguments[0] == "--sanitized"
    test, folder, glob, *command = arguments[sanitized:]
    table = {row[0]: row for row in rows(pathlib.Path(test).read_text(encoding="utf-8")) if fnmatch.fnmatch(row[0], glob)}
    files = {path.name: path for path in pathlib.Path(folder).glob(glob)}
    failed = [f"{name}: expected a line of the table for each file" for name in sorted(files.keys() ^ table.keys())]
    for name in sorted(files.keys() & table.keys()):
        _, _, code, message = table[name]
        run = [argument.replace("CASE", str(files[name])) for argument in command]
        failed += [f"{name}: {problem}" for problem in problems_of(run, code, message, sanitized)]
    print(f"{len(files)} files, {len(failed)} problems", *failed, sep="\n")
    sys.exit(1 if failed or not files else 0)


if __name__ == "__main__":
    main()
