"""Checks that every message of the dialects' verifiers and parsers occurs in a test, so that no refusal was never seen to happen.

A message counts as tested where its first words, up to what is filled in, stand in test/dialects/<dialect>/invalid*.mlir.
"""

import re

import tree

CALL = re.compile(r'\b(?:emit(?:Op)?Error|error)\s*\((?:[^()"]|\([^()]*\))*\)?\s*(?:<<\s*)?"((?:[^"\\]|\\.)*)"')

problems, checked = [], 0
for path in tree.files(".cpp"):
    if path.parts[0] != "dialects":
        continue
    dialect = path.parts[1]
    tests = "".join(tree.text(t) for t in tree.files(".mlir") if t.parts[:3] == ("test", "dialects", dialect) and t.name.startswith("invalid"))
    for match in CALL.finditer(tree.text(path)):
        checked += 1
        words = match[1].replace("\\\"", '"').strip()
        if words not in tests:
            line = tree.text(path).count("\n", 0, match.start(1)) + 1
            problems.append(f"{path}:{line}: no test of the message '{words}'")
tree.finish(problems, checked)
