"""Verb fmt: formats C++ and protos in place, or checks them."""

import argparse
import re
import subprocess
from pathlib import Path

from devkit import artifacts
from devkit.console import Failure, say, step
from devkit.layout import ROOT

SUMMARY = "format C++ and protos in place; --check only tells"
FILES_PER_CALL = 100
COMPLAINT = re.compile(r"^(\S+?):\d+:\d+: error: code should be clang-formatted", re.MULTILINE)


def sources(*suffixes: str) -> list[Path]:
    """Files of the repository with these endings, tracked or new, but not ignored."""
    answer = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise Failure(f"git cannot list the files of {ROOT}: {answer.stderr.strip()}")
    names = sorted(set(answer.stdout.split("\0")))
    return [ROOT / name for name in names if name.endswith(suffixes) and (ROOT / name).is_file()]


def tell(wanting: list[str]) -> bool:
    """Names the files that are not in order; true when there are none."""
    for name in wanting:
        say(f"    not formatted: {name.removeprefix(f'{ROOT}/')}")
    return not wanting


def clang_format(check_only: bool) -> bool:
    files = [str(path) for path in sources(".h", ".cc")]
    mode = ["--dry-run", "--Werror"] if check_only else ["-i"]
    step(f"clang-format: {len(files)} files")
    complaints = ""
    for begin in range(0, len(files), FILES_PER_CALL):
        outcome = subprocess.run(
            ["clang-format-14", *mode, *files[begin : begin + FILES_PER_CALL]],
            capture_output=True, text=True, check=False)
        if outcome.returncode != 0 and not (check_only and COMPLAINT.search(outcome.stderr)):
            raise Failure(f"clang-format-14 failed: {outcome.stderr.strip()}")
        complaints += outcome.stderr
    return tell(sorted(set(COMPLAINT.findall(complaints))))


def buf_format(check_only: bool) -> bool:
    if not sources(".proto"):
        return True
    binary = artifacts.buf_binary()
    if not binary.exists():
        raise Failure("buf is missing; run tools/dev setup first.")
    step("buf format")
    mode = ["--diff"] if check_only else ["--write"]
    outcome = subprocess.run([str(binary), "format", "proto", *mode], cwd=ROOT,
                             capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise Failure(f"buf format failed: {outcome.stderr.strip()}")
    return tell(re.findall(r"^\+\+\+ (\S+)", outcome.stdout, re.MULTILINE))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev fmt", description=SUMMARY)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if needed")
    options = parser.parse_args(arguments)
    good = clang_format(options.check)
    good = buf_format(options.check) and good
    say("formatting is in order" if good else "formatting is not in order")
    return 0 if good else 1
