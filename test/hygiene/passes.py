"""Checks that every pass has one name in five spellings, so that nobody ever has to search for its file, flag or test.

def FuseElementwise in Passes.td = FuseElementwise.cpp beside it = createFuseElementwise() (generated, so the definition must ask
for GEN_PASS_DEF_FUSEELEMENTWISE) = --tegula-fuse-elementwise = test/<room>/fuse-elementwise.mlir, which uses that flag. And each
description shows the IR before and after.
"""

import re

import tree

DEF = re.compile(r'^def (\w+)\s*:\s*(?:Pass|InterfacePass)<\s*"([^"]*)"(.*?)^}', re.M | re.S)


def dashed(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()


problems, checked = [], 0
for table in tree.files("Passes.td"):
    room = table.parent
    for name, flag, body in DEF.findall(tree.text(table)):
        checked += 1
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
        if not re.search(r'let summary\s*=\s*"\w', body):
            problems.append(f"{table}: {name} has no summary")
        if "```mlir" not in body or not re.search(r"=>|becomes", body):
            problems.append(f"{table}: the description of {name} lacks a small IR before and after (```mlir, with => or becomes)")
tree.finish(problems, checked)
