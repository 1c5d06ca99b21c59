"""Checks that every error code is used by the sources and seen by a test, so that no page describes what never happens.

A code counts as used where a source names it, and as tested where a test names its number. Both can be seen only from outside of
the table, docs/ and the help.
"""

import re

import tree

TABLE = "include/tegula/support/Codes.def"
ENTRY = re.compile(r"^TEGULA_CODE\((\d+), (\w+), (\w+),", re.M)
# Codes that no test can bring about: why.
UNTESTED = {"E7000": "what brings it about is mended"}

text = tree.text(TABLE)
entries = [(int(number), name, outcome) for number, name, outcome in ENTRY.findall(text)]
problems = []
numbers = [number for number, _, _ in entries]
if numbers != sorted(set(numbers)):
    problems.append(f"{TABLE}: expected each number once, in rising order")
if len(entries) != text.count("\nTEGULA_CODE("):
    problems.append(f"{TABLE}: an entry does not begin with its number, name and outcome on one line")

used, tested = set(), set()
for path in tree.files(".cpp", ".h", ".test", ".mlir", ".py"):
    content = tree.text(path) or ""
    if path.parts[0] == "test":
        tested.update(re.findall(r"\bE(\d{4})\b", content) if "hygiene" not in path.parts else [])
    elif not path.name.startswith("Code"):
        used.update(re.findall(r"\bCode::(\w+)", content))
        for number in re.findall(r'"E(\d{4})"', content):  # in what a signal handler writes
            used.update(name for known, name, _ in entries if known == int(number))

for number, name, _ in entries:
    code = f"E{number:04}"
    if name not in used:
        problems.append(f"{TABLE}: {code} {name} is used by no source")
    if code[1:] not in tested and code not in UNTESTED:
        problems.append(f"{TABLE}: {code} {name} is met by no test")
    if code[1:] in tested and code in UNTESTED:
        problems.append(f"{code} is tested; take it from the list")
known = {f"{number:04}" for number in numbers}
problems += [f"a test expects E{code}, which is no code" for code in sorted(tested - known - {"9999"})]
tree.finish(problems, len(entries))
