"""R20: every link of a service is slow, trickles, is silent, breaks; two of them lie."""

import re
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

from devkit.stack import Stack

from fault.crash import Crashes
from fault.trial.figures import Criterion
from fault.trial.gate import Behavior, Gate, corrupt, delay, reset, swallow, trickle
from fault.trial.history import CREATE, PROBE, READ, UPDATE
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = ("the links to PostgreSQL, Kafka, Redis and from callers: 500 ms late, 1 byte/ms, silent, "
         "reset; Kafka's and Redis's flip bits")
SECONDS = 180
RATE = 50.0
LATE_S = 0.5
FAULT_S = 3.0
# Beyond the callers' deadline of 5 s: a bucket of the service's own measure of how long calls took.
HELD_S = 10.0
HANDLING = re.compile(r'^grpc_server_handling_seconds_bucket\{(?:[^}]*,)?le="([^"]+)"[^}]*\} (\d+)',
                      re.MULTILINE)
RECOVERY_S = 5.0
PAUSE_S = 6.0
CELLS = (*((link, fault) for link in ("postgres", "kafka", "redis", "grpc")
           for fault in ("late", "trickle", "silent", "reset")),
         ("kafka", "corrupt"), ("redis", "corrupt"))

# A service may end here: see the limits in libs/events/README.md.
WRONG_EVENTS = ("kafka", "corrupt")


@dataclass
class LinkFaults:
    """Each link misbehaves in each way for a while; in an order that the seed decides."""

    gates: dict[str, Gate]
    crashes: Crashes = field(default_factory=Crashes)
    done: int = 0
    ended: Counter = field(default_factory=Counter)  # Services that did not outlive a fault, by why.

    def __call__(self, supervisor: Supervisor) -> None:
        chance = supervisor.trial.chance("links")
        behaviors: dict[str, Behavior] = {
            "late": delay(LATE_S), "trickle": trickle, "silent": swallow, "reset": reset,
            "corrupt": corrupt(supervisor.trial.chance("bits"))}
        goes_on = supervisor.rest(PAUSE_S)
        for link, behavior in chance.sample(CELLS, len(CELLS)):
            if not goes_on:
                return
            supervisor.faults.note("fault", f"{link} {behavior}")
            self.gates[link].behavior = behaviors[behavior]
            supervisor.rest(FAULT_S)
            self.gates[link].heal()
            supervisor.faults.note("healed", f"{link} {behavior}")
            for service in supervisor.stack.revive():
                of_librdkafka = self.crashes.is_of_librdkafka(service)
                excused = (link, behavior) == WRONG_EVENTS and of_librdkafka
                self.ended["librdkafka" if excused else "other"] += 1
            self.done += 1
            goes_on = supervisor.rest(PAUSE_S)


def route_through(stack: Stack, gates: dict[str, Gate]) -> None:
    """Tells the services, and Kafka's clients, the gates' addresses."""
    stack.kafka.advertised = gates["kafka"].port
    stack.variables |= {
        "LOTURA_REDIS": gates["redis"].address, "LOTURA_KAFKA_BROKERS": gates["kafka"].address,
        "LOTURA_POSTGRES": f"host=127.0.0.1 port={gates['postgres'].port} dbname=lotura "
                           "user=lotura sslmode=disable gssencmode=disable"}


def held_beyond(stack: Stack, seconds: float) -> int:
    """Calls that accounts took longer for, as it says itself."""
    counts = Counter()
    for bound, count in HANDLING.findall(stack.exposition("accounts")):
        counts[float(bound)] += int(count)
    return counts[float("inf")] - counts[seconds]


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    with trial.stack() as stack, ExitStack() as opened:
        sockets = stack.place.sockets
        gates = {link: opened.enter_context(Gate(upstream)) for link, upstream in (
            ("postgres", f"{sockets}/.s.PGSQL.5432"), ("redis", str(stack.redis.socket)),
            ("kafka", ("127.0.0.1", stack.ports["kafka"])),
            ("grpc", ("127.0.0.1", stack.ports["accounts-grpc"])))}
        route_through(stack, gates)
        trial.addresses["accounts"] = gates["grpc"].address
        nemesis = LinkFaults(gates)
        report = run_under(trial, stack, {CREATE: rate, UPDATE: rate / 2, READ: rate, PROBE: 20.0},
                           nemesis)
        held = held_beyond(stack, HELD_S)
    trial.figures["cells"] = nemesis.done
    trial.figures["services that librdkafka ended on wrong bits"] = nemesis.ended["librdkafka"]
    return [*report.safety(),
            Criterion("cells of link and fault", nemesis.done, ">=", len(CELLS)),
            Criterion("cells whose recovery was seen", len(report.heal_s), "==", len(CELLS)),
            Criterion(f"calls that accounts took more than {HELD_S:g} s for", held, "==", 0),
            Criterion("other services that ended", nemesis.ended["other"], "==", 0),
            *(Criterion(f"{cell}: s from healing to 95 % of the rate", seconds, "<=", RECOVERY_S)
              for cell, seconds in sorted(report.heal_s.items()))]
