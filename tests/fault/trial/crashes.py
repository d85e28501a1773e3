"""The nemesis that ends services at named points of their own code, see libs/crash."""

import random
from dataclasses import dataclass, field
from pathlib import Path

from devkit.stack import Stack

from fault.trial.nemesis import WARM_UP_S
from fault.trial.supervisor import BINARIES, Supervisor

POINTS = {"accounts": ("relay.fetched", "relay.produced", "relay.confirmed", "relay.saved"),
          "communications": ("consumer.effects", "consumer.applied", "consumer.committed")}
TURN_MAX = 8
LOOK_S = 0.05
# A relay that dies keeps its lease for five seconds. Here they are over at once, as if another
# replica had waited: more crashes fit into the time.
EXPIRE_LEASE = "UPDATE accounts.lease SET expire_time = '-infinity' WHERE name = 'kafka'"


def armed_binaries(directory: Path) -> Path:
    """A directory of all binaries, with services that know their crash points."""
    return linked_binaries(directory, "crash")


def linked_binaries(directory: Path, kind: str) -> Path:
    """A directory of all binaries, some of them as they were linked for such trials."""
    made = directory / "bin"
    made.mkdir()
    for binary in (*BINARIES.glob("lotura-*"), *(BINARIES / kind).glob("lotura-*")):
        link = made / binary.name
        link.unlink(missing_ok=True)
        link.symlink_to(binary)
    return made


@dataclass
class CrashAtPoints:
    """Starts each service so that it will end at a point; when it did, at another one.

    Each round of a service visits all of its points, in an order of its own.
    """

    crashes: dict[str, int] = field(default_factory=dict)  # By point.
    _ahead: dict[str, list[str]] = field(default_factory=dict)  # Points left in the round.

    def __call__(self, supervisor: Supervisor) -> None:
        chance = supervisor.trial.chance("crash")
        stack = supervisor.stack
        supervisor.rest(WARM_UP_S)
        waiting = {}
        for service in POINTS:
            stack.member(service).kill()
            waiting[service] = self._start(stack, service, chance)
        while supervisor.rest(LOOK_S):
            for service in POINTS:
                if not stack.member(service).is_running():
                    supervisor.faults.note(f"crash {waiting[service]}", service)
                    self.crashes[waiting[service]] = self.crashes.get(waiting[service], 0) + 1
                    waiting[service] = self._start(stack, service, chance)
        for name in ("CRASH_POINT", "CRASH_TURN"):
            stack.variables.pop(name, None)
        for service in POINTS:
            stack.member(service).kill()

    def _start(self, stack: Stack, service: str, chance: random.Random) -> str:
        """Arms and starts it; returns where it will end."""
        if not self._ahead.get(service):
            self._ahead[service] = chance.sample(POINTS[service], len(POINTS[service]))
        point = self._ahead[service].pop()
        stack.variables |= {"CRASH_POINT": point, "CRASH_TURN": str(chance.randint(1, TURN_MAX))}
        if service == "accounts":
            stack.postgres.query(EXPIRE_LEASE)
        stack.member(service).start()
        return point
