"""Checks a page that explain wrote: well-formed, nothing from outside, one box a launch, and no name that became markup."""

import html.parser
import json
import sys

VOID = {"meta", "br", "img", "link", "input"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.launches, self.scripts, self.ids = [], set(), [], [], set()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.add(tag)
        self.ids.add(values.get("id"))
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            assert name not in ("src", "href", "action"), (tag, name, value)
        if "data-launch" in values:
            self.launches.append(int(values["data-launch"]))
        if tag == "script":
            self.scripts.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data


text = open(sys.argv[1], encoding="utf-8").read()
page = Page()
page.feed(text)
page.close()
assert not page.open, page.open
expected = set("html head meta title style body div h1 p svg g path rect text script".split())
assert page.tags <= expected, page.tags - expected
assert {"graph", "details", "data"} <= page.ids
data = json.loads(page.scripts[0])
assert page.launches == list(range(len(data["launches"]))) and page.launches
assert text.count("<path") == sum(len(launch["after"]) for launch in data["launches"])
assert "innerHTML" not in text and "document.write" not in text and "http-equiv=\"Content-Security-Policy\"" in text
for name in sys.argv[2:]:
    assert any(name in launch["nodes"] for launch in data["launches"]), name
print("page with", len(page.launches), "launches")
