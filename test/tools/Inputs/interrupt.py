"""Interrupts a command once a file of a pattern exists, and says how it ended and what is left: interrupt.py SIGNAL PATTERN PROGRAM ARGUMENTS...

An empty pattern interrupts a program that waits for its standard input."""

import glob
import signal
import subprocess
import sys
import time

name, pattern, *command = sys.argv[1:]
heard = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # which whoever runs the tests may ignore
process = subprocess.Popen(command, preexec_fn=lambda: [signal.signal(s, signal.SIG_DFL) for s in heard], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
end = time.monotonic() + 60
if pattern:
    while not glob.glob(pattern) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
else:
    place = lambda: open(f"/proc/{process.pid}/syscall").read()
    seen = ""
    while not seen.startswith("0 0x") and time.monotonic() < end:  # reads, and stays there
        seen = place()
        time.sleep(0.3)
        seen = seen if seen == place() else ""
process.send_signal(getattr(signal, name))
_, said = process.communicate(timeout=60)
code = process.returncode
print(f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}")
print(said, end="")
print("left:", sorted(glob.glob(pattern)) if pattern else [])
