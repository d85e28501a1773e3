"""Verb trial: builds, breaks a running installation on purpose, and prints what it kept."""

import sys

from devkit import setup
from devkit.build import build
from devkit.layout import ROOT

SUMMARY = "break it under load: one trial (R1), --seconds, --seed, as a table or --json"
TARGETS: list[str] = []  # All of them: some trials start tests.


def main(arguments: list[str]) -> int:
    # The trials stand with the tests, and use what tests use.
    sys.path.append(str(ROOT / "tests"))
    setup.ensure()
    from fault.trial.run import parser, run

    options = parser("tools/dev trial", SUMMARY).parse_args(arguments)
    build("release", TARGETS)
    return run(options)
