"""The files that the lint looks at, and what it finds in them."""

import fnmatch
import functools
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lint.cpp_text import CppText

CPP = (".h", ".cc")


@dataclass(frozen=True, order=True)
class Finding:
    """One place that breaks a rule. `what` says what is wrong there; the guide says what to do."""

    path: str
    line: int
    rule: str
    what: str


class SourceFile:
    """One text file, by its path within the repository."""

    def __init__(self, path: str, text: str):
        self.path = path
        self.text = text

    @functools.cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @functools.cached_property
    def cpp(self) -> CppText:
        return CppText(self.text)

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def is_test(self) -> bool:
        """Whether the file holds tests or serves them alone."""
        return (self.name.endswith(("_test.cc", "_fixture.h", "_fixture.cc", "_contract.h"))
                or self.name.startswith("test_")
                or self.path.startswith("tests/") or self.path.startswith("libs/testing/")
                or "/tests/" in self.path or "/testdata/" in self.path)

    def line_at(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1

    def finding(self, line: int, rule: str, what: str) -> Finding:
        return Finding(self.path, line, rule, what)


def tracked_or_new(root: Path) -> list[str]:
    """The paths of the repository's files, but for those that are ignored."""
    answer = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, capture_output=True, text=True, check=True)
    return sorted(set(answer.stdout.split("\0")) - {""})


class Tree:
    """A set of files with the few ways in which rules ask for them."""

    def __init__(self, files: Iterable[SourceFile]):
        self._files = {file.path: file for file in files}

    @classmethod
    def of(cls, texts: dict[str, str]) -> "Tree":
        return cls(SourceFile(path, text) for path, text in texts.items())

    @classmethod
    def read(cls, root: Path) -> "Tree":
        """All files of the repository that are tracked or new, and are text."""
        files = []
        for name in tracked_or_new(root):
            path = root / name
            if not path.is_file() or path.is_symlink():
                continue
            content = path.read_bytes()
            if b"\0" not in content[:8192]:
                files.append(SourceFile(name, content.decode("utf-8", "replace")))
        return cls(files)

    def __iter__(self) -> Iterator[SourceFile]:
        return iter(self._files.values())

    def get(self, path: str) -> SourceFile | None:
        return self._files.get(path)

    def ending(self, *suffixes: str) -> Iterator[SourceFile]:
        return (file for file in self if file.path.endswith(suffixes))

    def matching(self, *patterns: str) -> Iterator[SourceFile]:
        """Files whose whole path fits a pattern; `*` also stands for slashes."""
        return (file for file in self
                if any(fnmatch.fnmatchcase(file.path, pattern) for pattern in patterns))


ALLOWANCE = re.compile(r"(?://|#|--|<!--) *lint-allow\((?P<rule>[a-z-]+)\)(?P<reason>:\s*\S.*)?")


def without_allowed(tree: Tree, findings: Iterable[Finding]) -> list[Finding]:
    """Takes away what a comment on the same line or the line above allows, with a reason.

    An allowance without a reason, or one that allows nothing, is a finding itself.
    """
    allowances: dict[tuple[str, int, str], bool] = {}
    found = []
    for file in tree:
        if "lint-allow(" not in file.text:
            continue
        for number, line in enumerate(file.lines, 1):
            if match := ALLOWANCE.search(line):
                allowances[(file.path, number, match["rule"])] = False
                if not match["reason"]:
                    found.append(file.finding(number, "allowance", "gives no reason"))
    for finding in findings:
        places = [(finding.path, finding.line - above, finding.rule) for above in (0, 1)]
        used = [place for place in places if place in allowances]
        if used:
            allowances[used[0]] = True
        else:
            found.append(finding)
    found += [Finding(path, line, "allowance", f"nothing here breaks '{rule}'")
              for (path, line, rule), used in allowances.items() if not used]
    return sorted(found)
