"""Trials that are tests in C++: runs them for longer, and reads what they counted."""

import json
import os
import subprocess

from devkit import artifacts
from devkit.console import Failure
from devkit.layout import VAR
from devkit.places import Place

from fault.trial.supervisor import BINARIES, Trial


def counts_of(trial: Trial, binary: str, suite: str, seconds: float,
              **further: str) -> dict[str, dict[str, int]]:
    """The properties that each test of the suite recorded, by its name.

    What else the suite is told is set in its environment.
    """
    output = trial.directory / f"{suite}.json"
    settings = {"LOTURA_TRIAL_SECONDS": str(round(trial.seconds)),
                "LOTURA_TRIAL_SEED": str(trial.seed)} | further | artifacts.paths(Place(VAR))
    outcome = subprocess.run(
        [BINARIES / binary, f"--gtest_filter={suite}.*", f"--gtest_output=json:{output}"],
        env=os.environ | settings, capture_output=True, text=True, timeout=seconds, check=False,
        stdin=subprocess.DEVNULL)
    if not output.exists():
        raise Failure(f"{binary} broke off: {outcome.stdout[-2000:]}")
    if outcome.returncode != 0:
        raise Failure(f"a test of {suite} failed: {outcome.stdout[-2000:]}")
    (found,) = json.loads(output.read_text(encoding="utf-8"))["testsuites"]
    return {test["name"]: {name: int(value) for name, value in test.items()
                           if isinstance(value, str) and value.isdigit()}
            for test in found["testsuite"]}
