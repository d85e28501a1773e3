"""What a run over all benchmarks has measured so far, so that an interrupted one can go on."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

from devkit.console import Failure
from devkit.layout import ROOT

from bench.figures import Goal, Result
from bench.sweep import Point

GIT_S = 30


def sources() -> str:
    """The commit that is measured; it ends with -dirty if files differ from it."""
    return subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40",
                           "--exclude=*"], cwd=ROOT, capture_output=True, text=True, check=True,
                          timeout=GIT_S).stdout.strip()


def _result(stored: dict) -> Result:
    goals = tuple(Goal(**(goal | {"ratios": tuple(goal["ratios"])})) for goal in stored["goals"])
    seen = tuple((name, text) for name, text in stored["seen"])
    return Result(**(stored | {"goals": goals, "seen": seen}))


class Kept:
    """Each result is in the file as soon as it is there. A new run forgets what was kept."""

    def __init__(self, path: Path, commit: str, *, resume: bool):
        self._path = path
        self._content = {"commit": commit, "results": {}, "curves": {}}
        if resume:
            self._content = self._interrupted(commit)

    def _interrupted(self, commit: str) -> dict:
        if commit.endswith("-dirty"):
            raise Failure("the sources differ from their commit, so nobody knows what an "
                          "interrupted run measured: commit them, or run without --resume.")
        content = (json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists()
                   else self._content)
        if content["commit"] != commit:
            raise Failure(f"the interrupted run measured {content['commit']}, and this is "
                          f"{commit}: run without --resume.")
        return content

    def result(self, name: str) -> Result | None:
        stored = self._content["results"].get(name)
        return stored and _result(stored)

    def keep(self, result: Result) -> None:
        self._content["results"][result.id] = asdict(result)
        self._write()

    def curves(self) -> dict[str, list[Point]]:
        """Empty if they were not measured yet."""
        return {name: [Point(**point) for point in points]
                for name, points in self._content["curves"].items()}

    def keep_curves(self, curves: dict[str, list[Point]]) -> None:
        self._content["curves"] = {name: [asdict(point) for point in points]
                                   for name, points in curves.items()}
        self._write()

    def _write(self) -> None:
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps(self._content), encoding="utf-8")
