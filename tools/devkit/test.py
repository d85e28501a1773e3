"""Verb test: sets up, builds and runs the tests of one ring or of all."""

import argparse
import os
import subprocess
import time
from pathlib import Path

from devkit import artifacts, failed_tests, setup
from devkit.build import add_preset_options, build
from devkit.console import say, step
from devkit.layout import ROOT, VAR
from devkit.places import Place

SUMMARY = "run the tests: all, or one label (unit, pg, component, e2e); --asan, --tsan"
LABELS = ("unit", "pg", "component", "e2e")
TEST_TIMEOUT_S = 900
# What a ring needs that does not need everything.
TARGETS = {"tsan": ["lotura_tsan_tests"]}


def ctest_command(preset: str, label: str | None, name: str | None, report: Path) -> list[str]:
    jobs = str(len(os.sched_getaffinity(0)))
    command = ["ctest", "--preset", preset, "--output-on-failure", "--no-tests=error",
               "--parallel", jobs, "--timeout", str(TEST_TIMEOUT_S),
               "--output-junit", str(report)]
    if label:
        command += ["-L", f"^{label}$"]
    # Debian's gRPC is not instrumented: only the rings without it are true under TSan.
    if preset == "tsan":
        command += ["-L", "^tsan$"]
    if name:
        command += ["-R", name]
    return command


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev test", description=SUMMARY)
    add_preset_options(parser)
    parser.add_argument("label", nargs="?", choices=LABELS, help="the ring; all if none is named")
    parser.add_argument("--name", help="only tests whose name matches this regular expression")
    options = parser.parse_args(arguments)
    begin = time.monotonic()
    setup.ensure()
    build(options.preset, TARGETS.get(options.preset, []))
    step(f"Running the tests, preset {options.preset}, {options.label or 'all rings'}")
    report = VAR / f"tests-{options.preset}.xml"
    report.parent.mkdir(exist_ok=True)
    report.unlink(missing_ok=True)
    command = ctest_command(options.preset, options.label, options.name, report)
    outcome = subprocess.run(command, cwd=ROOT, env=os.environ | artifacts.paths(Place(VAR)),
                             check=False)
    if outcome.returncode != 0:
        step("What failed, once more")
        say("\n".join(failed_tests.told_again(report)))
    say(f"setup, build and tests took {time.monotonic() - begin:.0f} s")
    return outcome.returncode
