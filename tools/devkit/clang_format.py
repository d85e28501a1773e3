"""clang-format on many files at once."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from devkit.console import Failure
from devkit.layout import ROOT

PROGRAM = "clang-format-14"
FILES_PER_CALL = 20
UNFORMATTED = re.compile(r"^(\S+?):(\d+):\d+: error: code should be clang-formatted", re.MULTILINE)


def rewrite(files: list[str]) -> None:
    """Formats files of the repository in place."""
    _run(files, "-i")


def unformatted(files: list[str]) -> dict[str, list[int]]:
    """The lines that it would change, by file."""
    lines: dict[str, list[int]] = {}
    for path, line in _run(files, "--dry-run", "--Werror"):
        lines.setdefault(path, []).append(int(line))
    return lines


def _run(files: list[str], *mode: str) -> list[tuple[str, str]]:
    portions = [files[at : at + FILES_PER_CALL] for at in range(0, len(files), FILES_PER_CALL)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(
            lambda portion: subprocess.run([PROGRAM, *mode, *portion], cwd=ROOT, text=True,
                                           capture_output=True, check=False), portions))
    places = []
    for outcome in outcomes:
        found = UNFORMATTED.findall(outcome.stderr)
        if outcome.returncode != 0 and not found:
            raise Failure(f"{PROGRAM} failed: {outcome.stderr.strip()}")
        places += found
    return places
