"""Checks each file on its own: its size and its functions', its first sentence, and words that must not stay in a finished tree."""

import re

import tree

LIMITS = {".cpp": 800, ".h": 800, ".td": 800, ".py": 800, ".mlir": 500, ".test": 500}
COMMENT = {".cpp": "//", ".h": "//", ".td": "//", ".c": "//", ".proto": "//", ".fbs": "//", ".py": '"""', ".cmake": "#"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE = re.compile(r"(?<![\w.])/(home|work|root|tmp|Users|var/tmp)/\w")

LONGEST = 60  # lines of a function, from its first to its closing brace
BLANK = re.compile(r"""//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|^\#(?:[^\n]*\\\n)*[^\n]*""", re.S | re.M)
HOLDS_FUNCTIONS = re.compile(r"^\s*(?:template\s*<.*>\s*)?(?:inline\s+)?(?:namespace|class|struct|union|extern)\b[^()=]*$", re.S)


def functions(text):
    """(first line, lines) of each function of C++ text: a body within namespaces and classes only, behind parameters."""
    text = BLANK.sub(lambda found: "\n" * found[0].count("\n") or " ", text)
    open_braces, start = [], 0  # of each brace: the first line of a function, or None; where a declaration begins
    for found in re.finditer(r"[{};]", text):
        inside = [first for first in open_braces if first is not None]
        if found[0] == "{":
            head = text[start : found.start()]
            isFunction = not inside and "(" in head and not HOLDS_FUNCTIONS.match(head)
            lead = start + len(head) - len(head.lstrip())
            open_braces.append(text.count("\n", 0, lead) + 1 if isFunction else None)
        elif found[0] == "}" and open_braces:
            first = open_braces.pop()
            if first is not None:
                yield first, text.count("\n", 0, found.start()) + 2 - first
        start = found.end()


problems, paths = [], tree.files()
for path in paths:
    text = tree.text(path)
    if text is None or path.parts[0] == "docs" and "decisions" not in path.parts:
        continue  # binary, or generated
    lines = text.splitlines()
    limit = 500 if path.parts[0] == "test" and path.suffix == ".cpp" else LIMITS.get(path.suffix)
    if limit and len(lines) > limit:
        problems.append(f"{path}: {len(lines)} lines, expected at most {limit}")

    if path.suffix in (".cpp", ".h"):
        for first, length in functions(text):
            if length > LONGEST:
                problems.append(f"{path}:{first}: a function of {length} lines, expected at most {LONGEST}")

    script = bool(lines) and lines[0].startswith("#!")
    mark = COMMENT.get(path.suffix) or ("#" if script else None)
    if mark:
        first = lines[1 if script else 0] if len(lines) > script else ""
        words = first.strip(" -=*/\"#") if first.startswith((mark, "/*", '"""')) else ""
        if len(words.split()) < 5 or words.startswith("RUN:"):
            problems.append(f"{path}: expected its first line to say in one sentence what the file does and why it exists")

    if path.name == "files.py" and "hygiene" in path.parts:
        continue  # names the words that it looks for
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            problems.append(f"{path}:{number}: says {UNFINISHED.search(line)[0]}; do it, or open an issue")
        if MACHINE.search(line) and path.parts[0] != "docs":
            problems.append(f"{path}:{number}: names a place of one machine: {MACHINE.search(line)[0]}...")
        if line != line.rstrip() and path.suffix != ".md" or "\t" in line and path.suffix in (".cpp", ".h", ".td", ".py"):
            problems.append(f"{path}:{number}: ends in blanks or holds a tab")
tree.finish(problems, len(paths))
