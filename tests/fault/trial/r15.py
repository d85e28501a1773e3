"""R15: Redis is gone, hangs, is slow, and tells lies."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from devkit.stack import Stack

from fault.trial.check import FOREVER_S
from fault.trial.figures import Criterion
from fault.trial.gate import Gate, corrupt, delay
from fault.trial.history import CREATE, READ, UPDATE
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = "Redis is stopped, hangs, answers 200 ms late, answers with wrong bits, holds wrong values"
SECONDS = 120
RATE = 100.0
SLOW_S = 0.2
P99_RATIO = 3.0
OPENS_S = 1.0
CLOSES_S = 5.0
LOOK_S = 0.1
UNREACHABLE = ("stopped", "hanging", "slow")
CALL_S = 0.05  # What the cache may cost a call; see libs/cache.
# Spoils values, not the kind of what is there: the first byte says that.
SPOIL = """for _, key in ipairs(redis.call('KEYS', '*')) do
  local size = redis.call('TYPE', key).ok == 'string' and redis.call('STRLEN', key) or 0
  if size > 40 then redis.call('SETRANGE', key, size - 3, '~') end
end"""
SPOIL_EVERY_S = 0.5
ROUND_TRIP = re.compile(
    r'^lotura_cache_round_trip_seconds_bucket\{(?:[^}]*,)?le="([^"]+)"[^}]*\} (\d+)', re.MULTILINE)
EVENTS = re.compile(r'^lotura_cache_events_total\{[^}]*event="(\w+)"[^}]*\} (\d+)', re.MULTILINE)


def cache_events(stack: Stack) -> dict[str, int]:
    return {event: int(count) for event, count in EVENTS.findall(stack.exposition("accounts"))}


def round_trips(stack: Stack) -> dict[float, int]:
    """How many there were, by the bound of the bucket; a bound counts all below it."""
    return {float(bound): int(count) for bound, count in ROUND_TRIP.findall(stack.exposition("accounts"))}


def beyond(counts: dict[float, int], seconds: float) -> int:
    """How many took longer than `seconds`, which is the bound of a bucket."""
    return counts[float("inf")] - counts[seconds]


@dataclass(frozen=True)
class Circuit:
    """How often the one between accounts and Redis opened and closed."""

    opened: int
    closed: int

    @staticmethod
    def of(stack: Stack) -> "Circuit":
        events = cache_events(stack)
        return Circuit(events.get("circuit_opened", 0), events.get("circuit_closed", 0))

    def is_closed(self) -> bool:
        return self.opened == self.closed


def last_until(supervisor: Supervisor, part: float, holds: Callable[[Circuit], bool]) -> float:
    """Waits so large a part of the trial; returns after how many seconds it held of the circuit."""
    begin, held = time.monotonic(), FOREVER_S
    while (passed := time.monotonic() - begin) < part * supervisor.trial.seconds:
        if held == FOREVER_S and holds(Circuit.of(supervisor.stack)):
            held = passed
        supervisor.rest(LOOK_S)
    return held


@contextmanager
def stopped(supervisor: Supervisor) -> Iterator[None]:
    supervisor.stack.redis.stop()
    yield
    supervisor.stack.redis.start()
    supervisor.stack.redis.wait_ready()


@contextmanager
def hanging(supervisor: Supervisor) -> Iterator[None]:
    record = supervisor.stack.redis.record()
    record.send(signal.SIGSTOP)
    try:
        yield
    finally:
        record.send(signal.SIGCONT)


@dataclass
class RedisFaults:
    """One fault after the other, with time between them in which all is well."""

    gate: Gate
    opened_s: dict[str, float] = field(default_factory=dict)  # How soon the circuit did, by fault.
    closed_s: dict[str, float] = field(default_factory=dict)

    def __call__(self, supervisor: Supervisor) -> None:
        part = 1 / 12
        supervisor.last(part / 2)
        supervisor.phase("well")
        supervisor.last(part * 1.5)
        wrong_bits = corrupt(supervisor.trial.chance("bits"))
        for name, fault in (("stopped", stopped), ("hanging", hanging),
                            ("slow", self._behaving(delay(SLOW_S))),
                            ("wrong bits", self._behaving(wrong_bits)),
                            ("wrong values", spoiled)):
            opened = Circuit.of(supervisor.stack).opened
            supervisor.phase(name)
            with fault(supervisor):
                self.opened_s[name] = last_until(
                    supervisor, part, lambda circuit, before=opened: circuit.opened > before)
            supervisor.phase(f"after {name}")
            self.closed_s[name] = last_until(supervisor, part, Circuit.is_closed)

    def _behaving(self, behavior) -> Callable:
        @contextmanager
        def through_gate(_: Supervisor) -> Iterator[None]:
            self.gate.behavior = behavior
            yield
            self.gate.heal()

        return through_gate


@contextmanager
def spoiled(supervisor: Supervisor) -> Iterator[None]:
    """Flips bytes of all values, once before the phase begins and again while it lasts."""
    command = ["redis-cli", "-s", str(supervisor.stack.redis.socket), "EVAL", SPOIL, "0"]
    for _ in range(4):
        subprocess.run(command, check=True, capture_output=True, timeout=10)
        supervisor.rest(SPOIL_EVERY_S)
    yield


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    with trial.stack() as stack, Gate(str(stack.redis.socket)) as gate:
        stack.variables["LOTURA_REDIS"] = gate.address
        nemesis = RedisFaults(gate)
        report = run_under(trial, stack, {READ: rate * 2, CREATE: rate / 2, UPDATE: rate / 2},
                           nemesis)
        counts = round_trips(stack)
        events = cache_events(stack)
    trial.figures |= {f"cache: {event}": count for event, count in events.items() if count}
    trial.figures |= {f"round trips beyond {seconds * 1e3:g} ms": beyond(counts, seconds)
                      for seconds in counts if CALL_S / 2 <= seconds < 1}
    well = report.phases["well"]["read_p99_ms"]
    return [*report.safety(),
            Criterion("failed calls", report.figures["failed"], "==", 0),
            *(Criterion(f"p99 of reads, {phase} / well",
                        report.phases[phase]["read_p99_ms"] / well, "<=", P99_RATIO)
              for phase in ("stopped", "hanging", "slow", "wrong bits", "wrong values")),
            Criterion("round trips to Redis that took longer than 50 ms", beyond(counts, CALL_S),
                      "==", 0),
            *(Criterion(f"s until the circuit opened, {name}", nemesis.opened_s[name], "<=",
                        OPENS_S) for name in UNREACHABLE),
            *(Criterion(f"s until it closed, after {name}", nemesis.closed_s[name], "<=",
                        CLOSES_S) for name in nemesis.closed_s),
            Criterion("corrupt entries found", events.get("miss_corrupt", 0), ">", 0)]
