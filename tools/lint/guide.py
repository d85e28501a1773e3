"""The guide's own words about each rule: docs/style.md is the one place where they stand."""

import re
from dataclasses import dataclass

GUIDE = "docs/style.md"
SECTION = re.compile(r"^## (?P<title>.+?)\s*$")
RULE = re.compile(r"^\| `(?P<rule>[a-z-]+)` \| (?P<text>.+?) \|$")


@dataclass(frozen=True)
class Rule:
    section: str
    text: str


def rules(text: str) -> dict[str, Rule]:
    """All rules of the guide by their names."""
    found: dict[str, Rule] = {}
    section = ""
    for line in text.split("\n"):
        if match := SECTION.match(line):
            section = match["title"]
        elif match := RULE.match(line):
            found[match["rule"]] = Rule(section, match["text"])
    return found
