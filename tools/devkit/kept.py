"""What a long run has found so far, so that an interrupted one can go on."""

import json
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg2

from devkit.console import Failure, say
from devkit.layout import ROOT

GIT_S = 30
# What may break off one of many measurements: servers that do not start, programs that do not end,
# answers that are not there.
BREAKS = (Failure, AssertionError, LookupError, OSError, ValueError, subprocess.SubprocessError,
          psycopg2.Error)


def sources() -> str:
    """The commit that is measured; it ends with -dirty if files differ from it."""
    return subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
                          cwd=ROOT, capture_output=True, text=True, check=True,
                          timeout=GIT_S).stdout.strip()


class Kept:
    """Values of JSON by names; each is in the file as soon as it is there. A run that does not
    resume forgets what was kept. Failure if what is to be resumed was found in other sources."""

    def __init__(self, path: Path, commit: str, *, resume: bool):
        self._path = path
        self._content = {"commit": commit, "found": {}}
        if resume:
            self._content = self._interrupted(commit)

    def _interrupted(self, commit: str) -> dict:
        if commit.endswith("-dirty"):
            raise Failure("the sources differ from their commit, so nobody knows what an "
                          "interrupted run has found: commit them, or run without --resume.")
        content = (json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists()
                   else self._content)
        if content["commit"] != commit:
            raise Failure(f"the interrupted run was of {content['commit']}, and this is {commit}: "
                          "run without --resume.")
        return content

    def get(self, name: str) -> dict | None:
        return self._content["found"].get(name)

    def keep(self, name: str, value: dict) -> None:
        self._content["found"][name] = value
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps(self._content), encoding="utf-8")

    def each(self, names: Iterable[str], measure: Callable[[str], dict],
             options: str) -> tuple[dict[str, dict], dict[str, str]]:
        """What `measure` finds for each name that is not kept under the same options. One that
        breaks off does not take the others with it: returns also why it did."""
        found, missing = {}, {}
        for name in names:
            place = f"{name} {options}".strip()
            try:
                if self.get(place) is None:
                    self.keep(place, measure(name))
                found[name] = self.get(place)
            except BREAKS as reason:
                # It may have lines; in a table it has one.
                missing[name] = " ".join(f"{type(reason).__name__}: {reason}".split())
                say(f"    {name} has no result: {missing[name]}")
        return found, missing
