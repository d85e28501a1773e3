"""The checks of other people's tools: clang-format, buf and protoc."""

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from devkit import artifacts
from devkit.console import Failure
from devkit.layout import ROOT
from lint import descriptors
from lint.tree import CPP, Finding, Tree

FILES_PER_CALL = 20
UNFORMATTED = re.compile(r"^(\S+?):(\d+):\d+: error: code should be clang-formatted", re.MULTILINE)
BUF = re.compile(r"^(\S+?):(\d+):\d+:(.+)$", re.MULTILINE)


def run(command: list[str]) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def clang_format(tree: Tree) -> Iterator[Finding]:
    """The first place of each file that clang-format would change."""
    files = [file.path for file in tree.ending(*CPP)]
    portions = [files[at : at + FILES_PER_CALL] for at in range(0, len(files), FILES_PER_CALL)]
    command = ["clang-format-14", "--dry-run", "--Werror"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda portion: run([*command, *portion]), portions))
    for outcome in outcomes:
        places = UNFORMATTED.findall(outcome.stderr)
        if outcome.returncode != 0 and not places:
            raise Failure(f"clang-format-14 failed: {outcome.stderr.strip()}")
        first: dict[str, int] = {}
        for path, line in places:
            first.setdefault(path, int(line))
        for path, line in first.items():
            count = sum(1 for place in places if place[0] == path)
            yield Finding(path, line, "clang-format", f"{count} places are not formatted")


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
