"""Tells whether every kernel of one assembler text has a twin in another: same instructions, same constants, whatever its names are."""

import re
import sys

FUNCTION, LABEL = re.compile(r"^([A-Za-z_][\w.$]*):"), re.compile(r"^(\.L\w+):")
NAMES = re.compile(r"\.L\w+|\b[A-Za-z]\w*_\d+(?:\.\w+)*\b")  # of blocks, and of kernels with their numbers


def functions(path):
    """The instructions of each function, with constants in place of their labels, which every kernel's module begins again."""
    constants, found, label, function = {}, {}, None, []
    for line in open(path, encoding="utf-8"):
        line = line.partition("#")[0].strip()
        if match := LABEL.match(line):
            label = match[1]
            constants[label] = ""
        elif match := FUNCTION.match(line):
            label, function = None, found.setdefault(match[1], [])
        elif label and re.match(r"\.(byte|short|long|quad|zero|ascii)", line):
            constants[label] += f" {line}"
        elif line and not line.startswith("."):
            function.append(NAMES.sub(lambda name: constants.get(name[0]) or "?", line))
    return {name: "\n".join(body) for name, body in found.items()}


def main():
    first, second = map(functions, sys.argv[1:])
    kernels = [name for name in first if not name.startswith("tegula.")]  # the host function's names
    twins = set(second.values())
    alone = [name for name in kernels if first[name] not in twins]
    print(f"{len(kernels) - len(alone)} of {len(kernels)} kernels have the same code")
    for name in alone:
        print("no twin:", name)
    sys.exit(not kernels or bool(alone))


main()
