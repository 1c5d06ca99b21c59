"""Lists the files of the checkout and the rooms they belong to, so that every hygiene check sees the same tree."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTSIDE = {".git", "build", "__pycache__", ".cache", ".vscode", ".idea"}
# Where a room's files lie besides include/tegula/<room>.
FOLDERS = ["dialects/", "passes/", "codegen/", "runtime/", "tools/"]


def files(*endings):
    """Every file of the tree (with one of these endings), relative to its root, in order."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(d for d in folders if d not in OUTSIDE)
        for name in names:
            path = pathlib.Path(folder, name).relative_to(ROOT)
            if not endings or path.name.endswith(endings):
                found.append(path)
    return sorted(found)


def text(path):
    """The file's text, or None where it is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return None


def room_of(path):
    """The room of a path relative to the root: support, passes/fuse, tools/tegula, runtime.h; None outside of rooms."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[:2] == ("include", "tegula"):
        parts = parts[2:]
        if len(parts) == 1:
            return parts[0]
    elif parts[0] == "lib":
        parts = parts[1:]
    elif parts[0] + "/" not in FOLDERS:
        return None
    if parts[0] + "/" in FOLDERS:
        return "/".join(parts[:2]) if len(parts) > 2 else None
    return parts[0] if len(parts) > 1 else None


def finish(problems, checked):
    """Prints every problem and ends the check: it must have looked at something, and found nothing."""
    for problem in problems:
        print(problem)
    print(f"{checked} checked, {len(problems)} problems")
    sys.exit(1 if problems or not checked else 0)
