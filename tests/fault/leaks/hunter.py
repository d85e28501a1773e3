"""A process that hunts in worlds of its own until its time is over, and writes what it found.

    python3 -m fault.leaks.hunter plan.json report.json
"""

import json
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from devkit.issuer import Issuer

from fault.leaks import schema
from fault.leaks.changing import Changer
from fault.leaks.coverage import Coverage
from fault.leaks.hunt import Hunt
from fault.leaks.ledger import GRACE_S
from fault.leaks.reading import Readers
from fault.leaks.replies import Door
from fault.leaks.settlement import Settlement, Sizes
from fault.leaks.streams import Subscribers
from fault.leaks.twins import Twins
from fault.leaks.world import World
from fault.leaks.writing import Writers

SMALL = 0.4  # The world of the twins, beside that of the callers.
LOOK_S = 0.2


@dataclass(frozen=True)
class Plan:
    """What a hunter is told."""

    addresses: dict[str, str]
    issuer: str  # Where the issuer's key is.
    run: str  # The name of the run, of which tenants are made.
    worlds: tuple[int, int]  # Of callers, and of the twins.
    seconds: float
    seed: int
    scale: float = 1.0  # Of the number of records.
    callers: int = 3
    streams: int = 3
    # It ends as soon as it has found another kind of leak than these.
    until_found: bool = False
    known: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> "Plan":
        return Plan(**json.loads(path.read_text(encoding="utf-8")))


class Hunter:
    """Everything that goes on in the two worlds, on threads of its own."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._door = Door(plan.addresses)
        issuer = Issuer(Path(plan.issuer))
        self._worlds = [World(number, plan.run, self._door, issuer) for number in plan.worlds]
        self._coverage = Coverage()
        self._hunts = [Hunt(world, self._coverage) for world in self._worlds]
        self._changer = Changer(self._worlds[0], self._chance("changes"))
        self._stop = threading.Event()
        self._failures: list[str] = []

    def _chance(self, purpose: str) -> random.Random:
        return random.Random(f"{self._plan.seed}/{self._plan.run}/{purpose}")

    def run(self) -> dict:
        """What was found."""
        sizes = Sizes().times(self._plan.scale)
        with ThreadPoolExecutor(max_workers=2) as pool:
            for made in [pool.submit(Settlement(world, size).make) for world, size in
                         zip(self._worlds, (sizes, sizes.times(SMALL)))]:
                made.result()
        self._stop.wait(GRACE_S)
        threads = [threading.Thread(target=self._guard, args=(part,)) for part in self._parts()]
        for thread in threads:
            thread.start()
        end = time.monotonic() + self._plan.seconds
        while time.monotonic() < end and not self._has_found() and not self._failures:
            self._stop.wait(LOOK_S)
        self._stop.set()
        for thread in threads:
            thread.join()
        for hunt in self._hunts if not self._failures else ():
            hunt.finish()
        self._door.close()
        return self._report()

    def _parts(self) -> list[Callable[[], None]]:
        callers = [lambda number=number: self._call(number) for number in range(self._plan.callers)]
        twins = Twins(self._hunts[1], self._chance("twins"))
        return [*callers, lambda: self._changer.run(self._stop), lambda: twins.run(self._stop),
                self._subscribe]

    def _guard(self, part: Callable[[], None]) -> None:
        try:
            part()
        except Exception:  # Whatever it is, the trial has to be told.
            self._failures.append(traceback.format_exc()[-3000:])

    def _has_found(self) -> bool:
        return self._plan.until_found and bool(self._kinds() - set(self._plan.known))

    def _kinds(self) -> set[str]:
        return {kind for hunt in self._hunts for kind in hunt.kinds}

    def _call(self, number: int) -> None:
        chance = self._chance(f"caller {number}")
        hunt = self._hunts[0]
        readers, writers = Readers(hunt, chance), Writers(hunt, chance)
        while not self._stop.is_set():
            name, path = self._coverage.next(chance)
            rpc = schema.rpcs()[name]
            (readers if readers.drives(rpc.kind) else writers).drive(rpc, path)
            hunt.judge_deferred()

    def _subscribe(self) -> None:
        subscribers = Subscribers(self._hunts[0], self._chance("streams"), self._plan.streams)
        while not self._stop.wait(LOOK_S):
            subscribers.keep()
        subscribers.close()

    def _report(self) -> dict:
        tallies = [world.detector.tally for world in self._worlds]

        def total(read) -> Counter:
            return sum((read(tally) for tally in tallies), Counter())

        return {
            "calls": self._coverage.calls, "records": sum(one.records for one in tallies),
            "errors": sum(one.errors for one in tallies),
            "others": sum(one.others for one in tallies),
            "undecided": sum(hunt.undecided for hunt in self._hunts),
            "asked_for": sum(hunt.asked_for for hunt in self._hunts),
            "seen": sum(hunt.seen for hunt in self._hunts),
            "policies": self._changer.policies, "changes": self._changer.records,
            "cells": [[rpc, path, count] for (rpc, path), count in self._coverage.counts.items()],
            "unknown": self._coverage.unknown,
            "hidden": total(lambda tally: tally.hidden), "shown": total(lambda tally: tally.shown),
            "withheld": total(lambda tally: tally.withheld),
            "withheld_records": [one for hunt in self._hunts for one in hunt.withheld],
            "withheld_records_count": sum(len(hunt.withheld) for hunt in self._hunts),
            "unjudged": [one for hunt in self._hunts for one in hunt.unjudged],
            "kinds": sum((hunt.kinds for hunt in self._hunts), Counter()),
            "leak_count": sum(sum(hunt.kinds.values()) for hunt in self._hunts),
            "leaks": [str(leak) for hunt in self._hunts for leak in hunt.leaks],
            "failures": self._failures}


def main(plan: str, report: str) -> None:
    found = Hunter(Plan.read(Path(plan))).run()
    Path(report).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
