"""Runs one trial: an installation of its own, the load, the faults, and the checker at the end."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from devkit.console import Failure, say
from devkit.layout import ROOT, SERVICES
from devkit.stack import Arrangement, Stack

from fault.announced import Sources, await_handled, await_published
from fault.trial.figures import Criterion
from fault.trial.workload import Plan

BINARIES = Path(os.environ.get("LOTURA_BINARIES", ROOT / "build" / "bin"))
LOG_OK_EVERY = "100"
LOAD_SLACK_S = 90
CHECK_S = 600
DRAIN_S = 180
KILLED_S = 10
TIMELINE = "communications.timeline"


@dataclass
class Trial:
    """What a trial is given. It adds to `figures` what explains its criteria."""

    directory: Path
    seed: int
    seconds: float
    rate: float | None = None  # Instead of the trial's own.
    seeds: int | None = None  # How many the simulation runs.
    mutation: str | None = None  # The mistake that is looked for alone: by SIMULATION, LEAKS, R24.
    addresses: dict[str, str] = field(default_factory=dict)  # Where services are called instead.
    load: dict[str, object] = field(default_factory=dict)  # What else its plan says.
    figures: dict[str, object] = field(default_factory=dict)

    def rate_or(self, own: float) -> float:
        return own if self.rate is None else self.rate

    def chance(self, purpose: str) -> random.Random:
        """Each purpose has numbers of its own, so that one does not shift another's."""
        return random.Random(f"{self.seed}/{purpose}")

    def part(self, name: str, share: float) -> "Trial":
        """A share of its time, with an installation and figures of its own."""
        directory = self.directory / name
        directory.mkdir()
        return replace(self, directory=directory, seconds=self.seconds * share, addresses={},
                       load={}, figures={})

    def stack(self, binaries: Path = BINARIES, **variables: str) -> Stack:
        return Stack(self.directory / "stack", binaries,
                     {"LOTURA_LOG_OK_EVERY": LOG_OK_EVERY} | variables)


class Faults:
    """The file of what was done to the installation, and when."""

    def __init__(self, path: Path):
        self.path = path
        path.touch()

    def note(self, what: str, target: str) -> float:
        now = time.monotonic()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"t": round(now, 6), "what": what, "target": target}) + "\n")
        return now


class Supervisor:
    """Load and faults on a running stack, and what the checker says of them."""

    def __init__(self, trial: Trial, stack: Stack):
        self.trial = trial
        self.stack = stack
        self.faults = Faults(trial.directory / "faults.jsonl")
        self._history = trial.directory / "history.jsonl"
        self._load: subprocess.Popen | None = None
        self._ended: list[str] = []

    def start(self, rates: dict[str, float], seconds: float | None = None) -> None:
        """Starts the load as a process of its own."""
        addresses = {service: self.stack.grpc(service) for service in SERVICES}
        plan = Plan(addresses=addresses | self.trial.addresses, rates=rates, seed=self.trial.seed,
                    token=self.stack.issuer.mint(), **self.trial.load,
                    seconds=self.trial.seconds if seconds is None else seconds)
        plan.write(self.trial.directory / "plan.json")
        self._deadline = time.monotonic() + plan.seconds + LOAD_SLACK_S
        self._load = subprocess.Popen(
            [sys.executable, "-m", "fault.trial.workload", self.trial.directory / "plan.json",
             self._history], env=environment(), stdin=subprocess.DEVNULL)

    def is_loaded(self) -> bool:
        return self._load is not None and self._load.poll() is None

    def rest(self, seconds: float) -> bool:
        """Waits while the load goes on; false when it has ended."""
        try:
            self._load.wait(seconds)
        except subprocess.TimeoutExpired:
            if time.monotonic() < self._deadline:
                return True
            self._load.kill()
            raise Failure("the load of the trial did not end.") from None
        return False

    def phase(self, name: str) -> None:
        """From here on the checker counts under this name."""
        self.faults.note("phase", name)

    def last(self, part: float) -> bool:
        """Waits for so large a part of the trial's time; false when the load has ended."""
        return self.rest(part * self.trial.seconds)

    def finish(self) -> None:
        """Waits for the end of the load, and until relay and consumers have done their work."""
        self.await_load()
        begin = time.monotonic()
        self._ended = [member.name for member in self.stack.members if member.has_ended()]
        for member in self.stack.members:
            if member.name != "all":
                member.start()
                member.wait_ready()
        sources = Sources.of(self.stack)
        await_published(sources, "accounts", DRAIN_S)
        await_handled(sources, TIMELINE, "accounts", DRAIN_S)
        self.trial.figures["drain_s"] = time.monotonic() - begin

    def await_load(self) -> None:
        """Waits for the end of the load."""
        while self.rest(1.0):
            pass
        if self._load.returncode != 0:
            raise Failure(f"the load of the trial ended with code {self._load.returncode}.")

    def stop(self) -> None:
        """Ends a load that nobody waits for any longer."""
        if self.is_loaded():
            self._load.kill()
            self._load.wait(KILLED_S)

    def check(self) -> "Report":
        """What the checker, another process, finds."""
        command = [sys.executable, "-m", "fault.trial.check", self._history, self.faults.path,
                   self.stack.postgres.conninfo(), self.stack.kafka.brokers]
        outcome = subprocess.run(command, env=environment(), capture_output=True, text=True,
                                 timeout=CHECK_S, check=False)
        if outcome.returncode != 0:
            raise Failure(f"the checker failed: {outcome.stderr.strip()[-2000:]}")
        report = Report(**json.loads(outcome.stdout))
        report.figures["ended"] = len(self._ended)
        for example in report.examples:
            say(f"    {example}")
        self.trial.figures |= report.figures
        self.trial.figures |= {f"{phase}: {name}": value for phase, found in report.phases.items()
                               for name, value in found.items()}
        return report


@dataclass(frozen=True)
class Report:
    """What the checker printed."""

    figures: dict[str, float]
    errors: dict[str, int]  # By code and reason, of all calls.
    recovery_s: dict[str, float]
    phases: dict[str, dict[str, float]]
    heal_s: dict[str, float]
    first_success_s: list[float]
    examples: list[str]

    def safety(self) -> list[Criterion]:
        """What holds whatever happens while the cache can be told of writes."""
        return [*self.durability(),
                Criterion("stale reads", self.figures["stale"], "==", 0)]

    def durability(self) -> list[Criterion]:
        """What holds whatever happens: nothing is lost, doubled, made up or out of order."""
        return [Criterion(name, self.figures[figure], "==", 0) for name, figure in (
            ("acknowledged writes lost", "lost"), ("duplicate rows", "duplicates"),
            ("writes that nobody was promised", "unexpected"),
            ("versions without their one event in order", "unannounced"),
            ("effects missing", "effects_missing"), ("duplicate effects", "effects_duplicate"),
            ("effects of nothing", "effects_phantom"),
            ("processes that ended by themselves", "ended"),
            ("reads of what was never written", "invented"),
            ("rows and answers that say something else than was written", "altered"))]


def environment() -> dict[str, str]:
    """Of a program of the trials that is a process of its own."""
    return os.environ | {"PYTHONPATH": f"{ROOT / 'tools'}:{ROOT / 'tests'}",
                         "PYTHONDONTWRITEBYTECODE": "1", "no_proxy": "127.0.0.1"}


def run_under(trial: Trial, stack: Stack, rates: dict[str, float],
              nemesis: Callable[[Supervisor], None]) -> Report:
    """Starts everything, lets the nemesis work while the load runs, drains, and checks."""
    stack.start_backends(Arrangement.SEPARATE)
    stack.start_services(Arrangement.SEPARATE)
    supervisor = Supervisor(trial, stack)
    supervisor.start(rates)
    try:
        nemesis(supervisor)
        supervisor.finish()
    finally:
        supervisor.stop()
    return supervisor.check()
