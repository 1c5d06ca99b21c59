"""Checks that every pass has one name in five spellings, so that nobody ever has to search for its file, flag or test.

def FuseElementwise in Passes.td = FuseElementwise.cpp beside it = createFuseElementwise() (generated, so the definition must ask
for GEN_PASS_DEF_FUSEELEMENTWISE) = --tegula-fuse-elementwise = test/<room>/fuse-elementwise.mlir, which uses that flag. And each
description shows the IR before and after, and each test runs both: tegula-equiv compares their values. A pass without which nothing
can be executed, or whose IR no CPU runs, is checked by the whole pipeline's values instead, and stands in a list with its reason.
"""

import re

import tree

DEF = re.compile(r'^def (\w+)\s*:\s*(?:Pass|InterfacePass)<\s*"([^"]*)"(.*?)^}', re.M | re.S)


def dashed(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


# Passes whose tests compare the values of the whole pipeline to those of -O0: why not the IR just before and after.
WHOLE = {
    "tegula-outline-kernel": "only its result is a function that can be called",
    "tegula-wrap-kernel": "only its result is a function that can be called",
    "tegula-enter-kernel": "only its result is an entry that a device can start",
    "tegula-emit-blocks": "its result reads the registers of a GPU",
    "tegula-emit-rows": "its result reads the registers of a GPU",
    "tegula-lower-ptx-math": "what it leaves has to be instructions of a GPU",
}

RUNS_BOTH = r"// RUN: tegula-opt .*--?{flag}\b.*\| tegula-equiv \S+ -(?: |$)"
RUNS_WHOLE = r"// RUN: tegula-equiv (\S+) \1 .*-O ?2"


def check_values(flag, test, content):
    """A line that compares values: of the IR before and after the pass or, for passes of the list, of all the pipeline."""
    whole = flag in WHOLE
    if not re.search((RUNS_WHOLE if whole else RUNS_BOTH).format(flag=flag), content, re.M):
        expected = "'tegula-equiv FILE FILE -O 2'" if whole else f"'tegula-opt ... --{flag} | tegula-equiv FILE -'"
        problems.append(f"{test}: expected a line that compares values: {expected}")


problems, checked, flags = [], 0, set()
for table in tree.files("Passes.td"):
    room = table.parent
    for name, flag, body in DEF.findall(tree.text(table)):
        checked += 1
        flags.add(flag)
        spelled = dashed(name)
        test = f"test/{room}/{spelled}.mlir"
        if flag != f"tegula-{spelled}":
            problems.append(f"{table}: {name} has the flag {flag}, expected tegula-{spelled}")
        source = tree.text(room / f"{name}.cpp")
        if source is None:
            problems.append(f"{room}/{name}.cpp: missing, the file of pass {name}")
        elif f"GEN_PASS_DEF_{name.upper()}" not in source:
            problems.append(f"{room}/{name}.cpp: does not define pass {name}")
        content = tree.text(test)
        if content is None:
            problems.append(f"{test}: missing, the test of pass {name}")
        elif not re.search(rf"-{flag}\b", content):
            problems.append(f"{test}: does not run --{flag}")
        else:
            check_values(flag, test, content)
        if not re.search(r'let summary\s*=\s*"\w', body):
            problems.append(f"{table}: {name} has no summary")
        if "```mlir" not in body or not re.search(r"=>|becomes", body):
            problems.append(f"{table}: the description of {name} lacks a small IR before and after (```mlir, with => or becomes)")
problems += [f"test/hygiene/passes.py: {flag} is no pass" for flag in sorted(set(WHOLE) - flags)]
tree.finish(problems, checked)
