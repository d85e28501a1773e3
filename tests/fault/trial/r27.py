"""R27: every attack of docs/refusals.md on every RPC, again and again, with other records."""

import time

from devkit.console import say
from devkit.layout import SERVICES
from devkit.stack import Arrangement, Stack

from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = ("every RPC with each wrong token, with another role, with values for fields that are not the "
         "caller's, with the largest and negative pages, filters and messages within each other, 5 MiB")
SECONDS = 60
SHOWN_MAX = 20
MEMORY_MIB = 256
# The first one fills what is kept for later: pools, caches, buffers.
ROUNDS_MIN = 2


def resident_mib(pid: int) -> float | None:
    """None if the process has ended."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            sizes = [line for line in status if line.startswith("VmRSS:")]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(sizes[0].split()[1]) / 1024 if sizes else None


def growth_of(first: dict[str, float | None], last: dict[str, float | None]) -> float:
    """The most by which a process grew that is still there."""
    return max((size - first[name] for name, size in last.items()
                if size is not None and first[name] is not None), default=0.0)


class Rounds:
    """Rounds of attacks on running services, as long as each of these is the process it was."""

    def __init__(self, stack: Stack, seed: int):
        # Not at the top: the protos are compiled when it is imported.
        from fault.attacks import Attacker

        self._stack = stack
        self._attacker = Attacker(stack, seed)
        self._processes = {name: stack.member(name).pid for name in SERVICES}
        self.cells = self.tried = 0
        self.wrong: list[str] = []
        self.sizes: list[dict[str, float | None]] = []  # In MiB, after each round.

    def close(self) -> None:
        self._attacker.close()

    def ended(self) -> list[str]:
        return [name for name, pid in self._processes.items()
                if self._stack.member(name).pid != pid]

    def run(self) -> None:
        """One of them; it does not count if a service ends meanwhile."""
        from fault.attacks import all_differences

        try:
            self.cells, wrong = all_differences(self._attacker)
        except Exception:  # Whatever it is: a service that has ended is what is told of.
            if not self.ended():
                raise
            return
        self.tried += self.cells
        self.wrong += wrong
        if not self.ended():
            self.sizes.append({name: resident_mib(pid) for name, pid in self._processes.items()})


def run(trial: Trial) -> list[Criterion]:
    with trial.stack() as stack:
        stack.start_backends(Arrangement.SEPARATE)
        stack.start_services(Arrangement.SEPARATE)
        rounds = Rounds(stack, trial.seed)
        end = time.monotonic() + trial.seconds
        while not rounds.ended() and (len(rounds.sizes) < ROUNDS_MIN or time.monotonic() < end):
            rounds.run()
        ended = rounds.ended()
        rounds.close()
    for text in rounds.wrong[:SHOWN_MAX]:
        say(f"    {text}")
    growth = growth_of(rounds.sizes[0], rounds.sizes[-1]) if rounds.sizes else 0.0
    trial.figures |= {"cells": rounds.cells, "attempts": rounds.tried,
                      "services that ended": ", ".join(ended) or "none"}
    return [Criterion("cells that are not as declared", len(rounds.wrong), "==", 0),
            Criterion("services that ended", len(ended), "==", 0),
            Criterion("rounds", len(rounds.sizes), ">=", ROUNDS_MIN),
            Criterion("MiB by which a service grew after the first round", growth, "<=", MEMORY_MIB)]
