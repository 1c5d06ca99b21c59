"""Checks every #include of the tree against rooms.txt, so that rooms stay apart without anyone having to remember the table.

Also: a header stands in include/tegula only where another room includes it, and the table itself lets no room without LLVM
include one with it.
"""

import posixpath
import re

import tree

INCLUDE = re.compile(r'^\s*#?\s*include\s+(["<])([^">]+)[">]', re.M)
FOREIGN = re.compile(r"^(mlir|llvm|clang)(-c)?/")


def table():
    rooms = {}
    for line in tree.text("test/hygiene/rooms.txt").splitlines():
        if line and not line.startswith("#"):
            name, llvm, *may = line.split()
            rooms[name] = (llvm == "yes", set() if may == ["-"] else set(may))
    return rooms


def room_of(path):
    """The room of a file, which is the file itself where the table has a line for it."""
    header = str(path).removeprefix("include/tegula/")
    return header if header in rooms else tree.room_of(path)


def target_of(path, name, known):
    """The room that an included name belongs to: by the shop window, by a path from the root, beside the file, or from tools/."""
    for candidate in (f"include/{name}", posixpath.normpath(posixpath.join(posixpath.dirname(path), name)), f"tools/{name}", name):
        if candidate in known:
            return room_of(candidate), candidate
    if name.startswith("tegula/"):  # generated into the build folder's include/tegula/<room>
        return tree.room_of(f"include/{name}"), None
    return None, None


# Pages for readers, which stand in the shop window whoever includes them.
PAGES = {"include/tegula/driver/Pipeline.h"}
rooms = table()
paths = tree.files(".cpp", ".h", ".td")
known = {str(p) for p in tree.files()}
problems, users = [], {}
for name, (llvm, may) in rooms.items():
    for other in sorted(may):
        if other not in rooms:
            problems.append(f"rooms.txt: {name} may include {other}, which is no room of the table")
        elif rooms[other][0] and not llvm:
            problems.append(f"rooms.txt: {name} is without LLVM but may include {other}, which is not")

for path in paths:
    room = room_of(path)
    if path.parts[0] == "test" or path.parts[0] == "examples":
        room = "test"
    elif room not in rooms:
        problems.append(f"{path}: its room {room} is missing in rooms.txt")
        continue
    source = tree.text(path)
    for match in INCLUDE.finditer(source):
        name, line = match[2], source.count("\n", 0, match.start(2)) + 1
        target, header = target_of(str(path), name, known)
        users.setdefault(header, set()).add(room)
        if room == "test":
            continue
        llvm, may = rooms[room]
        if FOREIGN.match(name) and not llvm:
            problems.append(f"{path}:{line}: {room} must do without LLVM, but includes {name}")
        elif target and target != room and target not in may and not ("support" in may and target.startswith("support/")):
            problems.append(f"{path}:{line}: {room} must not include {name} of {target}")

for path in paths:
    shown = path.parts[:2] == ("include", "tegula") and len(path.parts) > 3 and str(path) not in PAGES
    if shown and not users.get(str(path), set()) - {room_of(path), "test"}:
        problems.append(f"{path}: no other room includes it; it belongs beside the .cpp files of its room")
tree.finish(problems, len(paths))
