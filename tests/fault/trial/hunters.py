"""Processes that look for what nobody may be told, on a running stack, and what they report."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

from devkit.console import Failure

from fault.trial.supervisor import environment


class Plan(Protocol):
    """What a hunter is told, which reads it from a file."""

    seconds: float

    def write(self, path: Path) -> None: ...


class Hunters:
    """Several of one module, which takes the path of a plan and that of a report. They may take
    `settle_s` longer than their plans say."""

    def __init__(self, module: str, directory: Path, settle_s: float):
        self._module = module
        self._directory = directory
        self._settle_s = settle_s
        self._deadline = 0.0
        self._running: list[tuple[subprocess.Popen, Path]] = []

    def start(self, name: str, plan: Plan) -> None:
        """One more, whose files have this name."""
        path = self._directory / f"{name}.json"
        plan.write(path)
        report = path.with_suffix(".report.json")
        self._running.append((subprocess.Popen(
            [sys.executable, "-m", self._module, path, report], env=environment(),
            stdin=subprocess.DEVNULL), report))
        self._deadline = max(self._deadline, time.monotonic() + plan.seconds + self._settle_s)

    def is_running(self) -> bool:
        """Whether they are awaited: one that does not end is one that failed."""
        return (time.monotonic() < self._deadline
                and any(process.poll() is None for process, _ in self._running))

    def reports(self) -> list[dict]:
        """Of all that were started, when they have ended."""
        found = []
        for process, report in self._running:
            try:
                process.wait(max(1.0, self._deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise Failure("a hunter did not end.") from None
            finally:
                process.kill()
            if process.returncode != 0:
                raise Failure(f"a hunter ended with code {process.returncode}.")
            found.append(json.loads(report.read_text(encoding="utf-8")))
        for one in found:
            if one["failures"]:
                raise Failure(f"a hunter broke off: {one['failures'][0]}")
        return found
