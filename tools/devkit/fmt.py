"""Verb fmt: formats C++ and protos in place, or checks them."""

import argparse
import subprocess
from pathlib import Path

from devkit import artifacts
from devkit.console import Failure, say, step
from devkit.layout import ROOT

SUMMARY = "format C++ and protos in place; --check only tells"
FILES_PER_CALL = 100


def sources(*suffixes: str) -> list[Path]:
    """Files of the repository with these endings, tracked or new, but not ignored."""
    answer = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise Failure(f"git cannot list the files of {ROOT}: {answer.stderr.strip()}")
    names = sorted(set(answer.stdout.split("\0")))
    return [ROOT / name for name in names if name.endswith(suffixes) and (ROOT / name).is_file()]


def clang_format(check_only: bool) -> bool:
    files = sources(".h", ".cc")
    mode = ["--dry-run", "--Werror"] if check_only else ["-i"]
    step(f"clang-format: {len(files)} files")
    good = True
    for begin in range(0, len(files), FILES_PER_CALL):
        batch = [str(path) for path in files[begin : begin + FILES_PER_CALL]]
        good &= subprocess.run(["clang-format-14", *mode, *batch], check=False).returncode == 0
    return good


def buf_format(check_only: bool) -> bool:
    if not sources(".proto"):
        return True
    binary = artifacts.buf_binary()
    if not binary.exists():
        raise Failure("buf is missing; run tools/dev setup first.")
    step("buf format")
    mode = ["--diff", "--exit-code"] if check_only else ["--write"]
    return subprocess.run([str(binary), "format", "proto", *mode], cwd=ROOT,
                          check=False).returncode == 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev fmt", description=SUMMARY)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if needed")
    options = parser.parse_args(arguments)
    good = clang_format(options.check)
    good = buf_format(options.check) and good
    say("formatting is in order" if good else "formatting is not in order")
    return 0 if good else 1
