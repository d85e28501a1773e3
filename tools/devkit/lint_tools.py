"""The checks of other people's tools: clang-format, buf and protoc."""

import re
import subprocess
from collections.abc import Iterator

from devkit import artifacts, clang_format
from devkit.console import Failure
from devkit.layout import ROOT
from lint import descriptors
from lint.tree import CPP, Finding, Tree

BUF = re.compile(r"^(\S+?):(\d+):\d+:(.+)$", re.MULTILINE)


def run(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def format_findings(tree: Tree) -> Iterator[Finding]:
    """The first place of each file that clang-format would change."""
    files = [file.path for file in tree.ending(*CPP)]
    for path, lines in clang_format.unformatted(files).items():
        yield Finding(path, lines[0], "clang-format", f"{len(lines)} places are not formatted")


def buf_lint() -> Iterator[Finding]:
    binary = artifacts.buf_binary()
    if not binary.exists():
        raise Failure("buf is missing; run tools/dev setup first.")
    outcome = run([str(binary), "lint"])
    places = BUF.findall(outcome.stdout)
    if outcome.returncode != 0 and not places:
        raise Failure(f"buf lint failed: {outcome.stderr.strip() or outcome.stdout.strip()}")
    for path, line, text in places:
        yield Finding(path, int(line), "buf", text.strip())


def descriptor_rules() -> Iterator[Finding]:
    google = artifacts.googleapis().path
    if not google.is_dir():
        raise Failure("the google protos are missing; run tools/dev setup first.")
    return descriptors.check(descriptors.compile_protos(ROOT, google))
