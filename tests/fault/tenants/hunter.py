"""A process that asks as some of the tenants until its time is over, and writes what it found.

    python3 -m fault.tenants.hunter plan.json report.json
"""

import json
import random
import sys
import threading
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

import grpc

from authorization.catalog import Catalog
from devkit.issuer import Issuer
from devkit.layout import SERVICES
from kit.api import OPTIONS, POOL, message_class
from kit.samples import count_from

from fault.leaks.replies import Door, Reply, failed
from fault.tenants.asking import Asker, Found
from fault.tenants.places import places_of
from fault.tenants.questions import Questions, unknown
from fault.tenants.settlement import Tenant, catalog, enter

THREADS = 3
ASKERS = 2 * THREADS  # In both processes.
PART_OF_CELLS = 1.2 / ASKERS
MORE_S = 180
HASTY_S = (0.0005, 0.02)  # Deadlines of callers who give up.


@dataclass(frozen=True)
class Plan:
    """What a hunter is told."""

    addresses: dict[str, str]
    issuer: str
    seed: int
    seconds: float
    number: int  # Of the hunter.
    numbers_from: int  # Of the ids that it makes.
    names: list[dict[str, list[str]]]  # Of the records of each tenant, by type.
    deleted: list[dict[str, list[str]]]
    mine: list[int]  # The tenants as whom it asks.
    # It ends as soon as it has found another kind of difference than these.
    until_found: bool = False
    known: list[str] = field(default_factory=list)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> "Plan":
        return Plan(**json.loads(path.read_text(encoding="utf-8")))


class Hasty:
    """A caller whose calls end before they are answered: connections go from one tenant to the next
    in the middle of what they did."""

    def __init__(self, known: Catalog, plan: Plan, tenants: list[Tenant], chance: random.Random):
        self._rpcs = [rpc for rpc in known.rpcs if rpc.kind is not None
                      and not _method(rpc.path).client_streaming]
        self._asker = Asker(known, tenants, Door({}), chance)
        self._questions = [Questions(known, one, chance) for one in tenants]
        self._chance = chance
        self._channels = {service: grpc.insecure_channel(plan.addresses[service], options=OPTIONS)
                          for service in SERVICES}
        self.calls = 0
        self.codes: Counter = Counter()

    @property
    def found(self) -> Found:
        return self._asker.found

    def ask(self) -> None:
        questions, rpc = self._chance.choice(self._questions), self._chance.choice(self._rpcs)
        tenant, request = questions.tenant, questions.own(rpc)
        stub = self._channels[rpc.service].unary_unary(
            f"/{rpc.path}", request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class(_output(rpc.path)).FromString)
        seconds = self._chance.uniform(*HASTY_S)
        cancels = self._chance.random() < 0.5
        call = stub.future(request, timeout=None if cancels else seconds,
                           metadata=(("authorization", f"Bearer {tenant.token}"),))
        if cancels:
            timer = threading.Timer(seconds, call.cancel)
            timer.start()
        try:
            reply = Reply(0.0, 0.0, call.result())
        except grpc.FutureCancelledError:
            reply = None
        except grpc.RpcError as error:
            reply = failed(0.0, error)
        self.calls += 1
        self.codes["CANCELLED" if reply is None else reply.code] += 1
        if reply is not None:
            self._asker.look(rpc, tenant, request, reply)


def _method(path: str):
    from google.protobuf import descriptor_pb2

    service, name = path.split("/")
    declared = descriptor_pb2.MethodDescriptorProto()
    POOL.FindServiceByName(service).methods_by_name[name].CopyToProto(declared)
    return declared


def _output(path: str) -> str:
    return _method(path).output_type.lstrip(".")


class Hunter:
    """Threads that ask, each as some of the tenants."""

    def __init__(self, plan: Plan):
        self._plan = plan
        count_from(plan.numbers_from)
        self._catalog = catalog()
        issuer = Issuer(Path(plan.issuer))
        self._tenants = [enter(self._catalog, plan.addresses, issuer, plan.seed, number)
                         for number in range(len(plan.names))]
        template = self._tenants[plan.mine[0]]
        template.samples.prepare(operator=False)
        for tenant, names, deleted in zip(self._tenants, plan.names, plan.deleted, strict=True):
            tenant.names.update(names)
            tenant.deleted.update(deleted)
            if tenant is not template:
                tenant.samples.adopt(template.samples)
                tenant.samples.know(names)
        self._stop = threading.Event()
        self._failures: list[str] = []
        self._askers: list[Asker] = []
        self._cells = [(rpc, place) for rpc in self._catalog.rpcs
                       for place in places_of(self._catalog, rpc) or [None]]
        self._steps: dict[int, int] = {}
        chance = random.Random(f"{plan.seed}/{plan.number}/hasty")
        self._hasty = Hasty(self._catalog, plan, self._tenants, chance)

    def run(self) -> dict:
        parts = [lambda number=number: self._ask(number) for number in range(THREADS)]
        threads = [threading.Thread(target=self._guard, args=(part,))
                   for part in (*parts, self._hurry)]
        for thread in threads:
            thread.start()
        begin = time.monotonic()
        while not self._is_over(time.monotonic() - begin):
            self._stop.wait(0.2)
        self._stop.set()
        for thread in threads:
            thread.join()
        founds = [one.found for one in (*self._askers, self._hasty)]
        return {"found": [one.as_json() for one in founds], "hasty_calls": self._hasty.calls,
                "hasty_codes": self._hasty.codes, "unknown": unknown(self._catalog),
                "failures": self._failures}

    def _is_over(self, passed: float) -> bool:
        """When the time is, and everything has been asked, unless that takes much longer."""
        if self._failures or self._has_found():
            return True
        if passed < self._plan.seconds:
            return False
        return passed > self._plan.seconds + MORE_S or (
            len(self._steps) == THREADS
            and min(self._steps.values()) >= len(self._cells) * PART_OF_CELLS)

    def _has_found(self) -> bool:
        return self._plan.until_found and any(set(one.found.kinds) - set(self._plan.known)
                                              for one in self._askers)

    def _guard(self, part) -> None:
        try:
            part()
        except Exception:  # Whatever it is, the trial has to be told.
            self._failures.append(traceback.format_exc()[-3000:])

    def _ask(self, number: int) -> None:
        plan = self._plan
        chance = random.Random(f"{plan.seed}/{plan.number}/{number}")
        asker = Asker(self._catalog, self._tenants, Door(plan.addresses), chance)
        self._askers.append(asker)
        cells = self._cells
        mine = [self._tenants[one] for one in plan.mine[number::THREADS] or plan.mine]
        # Each thread begins elsewhere, so that together they have asked everything soon.
        start = (plan.number * THREADS + number) * len(cells) // ASKERS
        while not self._stop.is_set():
            for step in range(len(cells)):
                if self._stop.is_set():
                    return
                self._steps[number] = self._steps.get(number, 0) + 1
                rpc, place = cells[(start + step) % len(cells)]
                tenant = chance.choice(mine)
                if place is None:
                    asker.whole(rpc, tenant)
                else:
                    asker.ask(rpc, place, tenant)

    def _hurry(self) -> None:
        while not self._stop.wait(0.002):
            self._hasty.ask()


def main(plan: str, report: str) -> None:
    found = Hunter(Plan.read(Path(plan))).run()
    Path(report).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
