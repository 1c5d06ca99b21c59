"""Runs a command with its standard error on a terminal and prints what the terminal received, escapes visible: terminal.py PROGRAM ARGUMENTS..."""

import os
import pty
import subprocess
import sys

master, slave = pty.openpty()
environment = {**os.environ, "TERM": os.environ.get("TEST_TERM", "xterm")}
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, stderr=slave, env=environment)
os.close(slave)
received = b""
while True:
    try:
        part = os.read(master, 4096)
    except OSError:  # the other end is closed
        break
    if not part:
        break
    received += part
process.wait()
print(ascii(received.decode(errors="replace")))
