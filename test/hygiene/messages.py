"""Checks that every message of the dialects' verifiers and parsers occurs in a test, so that no refusal was never seen to happen.

A message counts as tested where all of its literal pieces stand, in their order, in one expected-error of test/dialects/<dialect>/invalid*.mlir
that no other message of the dialect fits better: "expected ..., got ..." alone would fit nearly all.
"""

import re

import tree

CALL = re.compile(r"\b(?:emit(?:Op)?Error|error)\s*\(")
STRING = re.compile(r'R"\((.*?)\)"|"((?:[^"\\]|\\.)*)"', re.S)
# With a regular expression in {{}} where a test leaves something open.
EXPECTED = re.compile(r"expected-error(-re)?[^{\n]*\{\{(.*)\}\}")


def statement(text, start):
    """The text from `start` up to the semicolon that ends the statement, or the bracket that closes around it."""
    depth, at = 0, start
    while at < len(text):
        string = STRING.match(text, at)
        if string:
            at = string.end()
            continue
        if text[at] in "([{":
            depth += 1
        elif text[at] in ")]}":
            depth -= 1
        if depth < 0 or (depth == 0 and text[at] == ";"):
            break
        at += 1
    return text[start:at]


def pieces(text):
    """The literal pieces of a message: what the call is given and what is streamed into it. A choice in brackets stays open."""
    found, depth, at, after_call = [], 0, text.index("("), False
    while at < len(text):
        string = STRING.match(text, at)
        if string:
            first = depth == 1 and not found and not after_call  # the call's own argument, or the text behind a parser's location
            if depth == 0 or first:
                found.append(string[1] if string[1] is not None else string[2].replace('\\"', '"'))
            at = string.end()
            continue
        depth += (text[at] in "([{") - (text[at] in ")]}")
        after_call = after_call or depth == 0
        at += 1
    return [piece for piece in found if piece.strip()]


def expectations(dialect):
    """What the tests of a dialect expect."""
    for test in tree.files(".mlir"):
        if test.parts[:3] == ("test", "dialects", dialect) and test.name.startswith("invalid"):
            yield from (match[2] for match in EXPECTED.finditer(tree.text(test)))


messages = {}  # dialect -> [(place, pieces)]
for path in tree.files(".cpp"):
    if path.parts[0] != "dialects":
        continue
    source = tree.text(path)
    for call in CALL.finditer(source):
        words = pieces(statement(source, call.start()))
        if words:  # else a declaration, or a diagnostic that is passed on
            place = f"{path}:{source.count(chr(10), 0, call.start()) + 1}"
            messages.setdefault(path.parts[1], []).append((place, words))

problems = []
for dialect, found in messages.items():
    tested = set()
    for text in expectations(dialect):
        fitting = [words for _, words in found if re.match(".*".join(map(re.escape, words)), text)]
        most = max((sum(map(len, words)) for words in fitting), default=0)
        tested.update(tuple(words) for words in fitting if sum(map(len, words)) == most)
    problems += [f"{place}: no test of the message '{'...'.join(words)}'" for place, words in found if tuple(words) not in tested]
tree.finish(problems, sum(map(len, messages.values())))
