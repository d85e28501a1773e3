"""Verb fmt: formats C++ and protos in place, or checks them."""

import argparse
import re
import subprocess

from devkit import artifacts, clang_format
from devkit.console import Failure, say, step
from devkit.layout import ROOT
from lint.tree import CPP, tracked_or_new

SUMMARY = "format C++ and protos in place; --check only tells"


def sources(*suffixes: str) -> list[str]:
    """Files of the repository with these endings, tracked or new, but not ignored."""
    return [name for name in tracked_or_new(ROOT)
            if name.endswith(suffixes) and (ROOT / name).is_file()]


def tell(wanting: list[str]) -> bool:
    """Names the files that are not in order; true when there are none."""
    for name in wanting:
        say(f"    not formatted: {name}")
    return not wanting


def format_cpp(check_only: bool) -> bool:
    files = sources(*CPP)
    step(f"clang-format: {len(files)} files")
    if check_only:
        return tell(sorted(clang_format.unformatted(files)))
    clang_format.rewrite(files)
    return True


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
    good = format_cpp(options.check)
    good = buf_format(options.check) and good
    say("formatting is in order" if good else "formatting is not in order")
    return 0 if good else 1
