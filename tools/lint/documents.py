"""Documents: links that lead somewhere, READMEs where they belong, decisions in their form, a runbook for each alert."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from lint.check_includes import ASSEMBLIES
from lint.tree import Finding, SourceFile, Tree

LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(?P<text>.+?)\s*$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
DECISION = re.compile(r"^docs/adr/(?P<number>\d{4})-[a-z0-9-]+\.md$")
DECISION_PARTS = ("Context", "Decision", "Consequences")
DECISION_LINES = 80
ALERT = re.compile(r"^\s*-?\s*alert:\s*(?P<name>\w+)")
RUNBOOK = re.compile(r"^\s*runbook_url:\s*\"?(?P<url>[^\s\"]+)")
DELIMITED = re.compile(r"[^\w\- ]")


def anchor(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return DELIMITED.sub("", heading.replace("`", "")).strip().lower().replace(" ", "-")


def anchors(file: SourceFile) -> set[str]:
    return {anchor(match["text"]) for match in HEADING.finditer(FENCE.sub("", file.text))}


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.ending(".md"):
        yield from _links(tree, file)
    yield from _readmes(tree)
    yield from _decisions(tree)
    for file in tree.matching("deploy/prometheus/alerts/*.yaml", "deploy/prometheus/alerts/*.yml"):
        yield from _alerts(tree, file)


def _links(tree: Tree, file: SourceFile) -> Iterator[Finding]:
    folders = {str(parent) for one in tree for parent in PurePosixPath(one.path).parents}
    # Blanked, so that lines stay where they are.
    text = FENCE.sub(lambda match: "\n" * match[0].count("\n"), file.text)
    for match in LINK.finditer(text):
        target = match["target"] or match["image"]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        goal = _resolve(file.path, path) if path else file.path
        found = tree.get(goal)
        if found is None and goal not in folders:
            yield file.finding(file.line_at(match.start()), "link", f"{target} leads nowhere")
        elif fragment and found is not None and found.path.endswith(".md") \
                and fragment not in anchors(found):
            yield file.finding(file.line_at(match.start()), "link",
                               f"{goal} has no heading '{fragment}'")


def _resolve(base: str, target: str) -> str:
    parts: list[str] = []
    for part in [*PurePosixPath(base).parent.parts, *PurePosixPath(target).parts]:
        if part == ".." and parts:
            parts.pop()
        elif part not in (".", ".."):
            parts.append(part)
    return "/".join(parts) or "."


def _readmes(tree: Tree) -> Iterator[Finding]:
    """Each library and each service that has code has a README; a binary made of services has none."""
    owners = {"/".join(file.path.split("/")[:2]) for file in tree.matching("libs/*/*", "services/*/*")
              if file.path.endswith((".h", ".cc")) and not file.path.startswith(ASSEMBLIES)}
    for owner in sorted(owners):
        if tree.get(f"{owner}/README.md") is None:
            yield Finding(f"{owner}/README.md", 1, "readme", "there is none")


def _decisions(tree: Tree) -> Iterator[Finding]:
    numbers: dict[str, str] = {}
    for file in tree.matching("docs/adr/*.md"):
        match = DECISION.match(file.path)
        if match is None:
            yield file.finding(1, "decision", "the name is not NNNN-title.md")
            continue
        if match["number"] in numbers:
            yield file.finding(1, "decision", f"the number is that of {numbers[match['number']]}")
        numbers[match["number"]] = file.path
        missing = [part for part in DECISION_PARTS if not re.search(rf"^## {part}$", file.text, re.MULTILINE)]
        if missing:
            yield file.finding(1, "decision", f"the heading '{missing[0]}' is missing")
        if len(file.text.splitlines()) > DECISION_LINES:
            yield file.finding(1, "decision", f"longer than {DECISION_LINES} lines")


def _alerts(tree: Tree, file: SourceFile) -> Iterator[Finding]:
    """An alert names a heading of a runbook that exists."""
    name, line, has_runbook = "", 0, True
    for number, text in enumerate([*file.lines, "- alert: End"], 1):
        if match := ALERT.match(text):
            if name and not has_runbook:
                yield file.finding(line, "runbook", f"{name} has no runbook_url")
            name, line, has_runbook = match["name"], number, False
        elif match := RUNBOOK.match(text):
            has_runbook = True
            path, _, fragment = match["url"].partition("#")
            page = path[path.find("docs/runbooks/") :] if "docs/runbooks/" in path else path
            runbook = tree.get(page)
            if runbook is None:
                yield file.finding(number, "runbook", f"{page} does not exist")
            elif fragment not in anchors(runbook):
                yield file.finding(number, "runbook", f"{page} has no heading '{fragment}'")
