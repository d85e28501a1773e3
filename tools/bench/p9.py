"""P9: more than can be done."""

import subprocess
from dataclasses import dataclass

from devkit.issuer import AUDIENCE, ISSUER

from bench.figures import Goal
from bench.network import free_address
from bench.programs import Load, Span, cpu_seconds, run_load, server
from bench.rig import Rig, accounts
from bench.run import Run

TITLE = ("overload, open loop, of a part that takes 2 ms on each of 4 connections: what is done at "
         "5 times the capacity, and how long it takes")
GOODPUT_GOAL, LATENCY_GOAL, RECOVERY_GOAL = 0.90, 2.0, 10
CONNECTIONS = 4
PART_US = 2_000
# Enough to keep all connections busy, and few enough to be no overload.
IN_FLIGHT = 16
CALM, MUCH, CREATES = 0.8, 5.0, 1.5
# Overload is that only after a while.
NOTICED_S = 3.0
SECOND = Span(warm_up_s=0.0, measured_s=1.0)


@dataclass(frozen=True)
class Round:
    """Capacity, and the load under it, far above it and after that."""

    capacity: float
    calm: Load
    much: Load
    recovery_s: int
    server_cores: float


class Target:
    """The door before a part of known service time."""

    def __init__(self, rig: Rig, address: str, process: subprocess.Popen):
        self._rig = rig
        self._address = address
        self._process = process

    def load(self, span: Span, **flags) -> Load:
        return run_load(self._address, "nothing", span=span, token_file=self._rig.token_file,
                        **flags)

    def round(self, span: Span) -> Round:
        capacity = self.load(span, in_flight=IN_FLIGHT).check().ok_per_s
        calm_rate = round(capacity * CALM)
        calm = self.load(span, rate=calm_rate).check()
        before = cpu_seconds(self._process.pid)
        long = Span(span.warm_up_s + NOTICED_S, span.measured_s)
        much = self.load(long, rate=round(capacity * MUCH))
        cores = (cpu_seconds(self._process.pid) - before) / long.whole_s
        return Round(capacity, calm, much, self._recovery_s(calm_rate, calm), cores)

    def _recovery_s(self, rate: int, calm: Load) -> int:
        """Seconds until calls are answered as before: none refused, none slower than twice."""
        for second in range(1, RECOVERY_GOAL + 2):
            load = self.load(SECOND, rate=rate)
            if not load.failed and load.p99_us <= LATENCY_GOAL * calm.p99_us:
                return second
        return RECOVERY_GOAL + 1


def creates_beyond(run: Run, rig: Rig) -> None:
    """What becomes of real creates at half as much again as can be done; seen, no goal."""
    rig.sample("create-person")
    full = rig.load("create-person", run.span, in_flight=64, run="full").ok_per_s
    calm = rig.load("create-person", run.span, rate=round(full * CALM), run="calm")
    long = Span(run.span.warm_up_s + NOTICED_S, run.span.measured_s)
    much = run_load(rig.target, "create-person", span=long, token_file=rig.token_file,
                    rate=round(full * CREATES), run="much")
    run.note("creates at 1.5 times what 64 in flight reach",
             f"{much.ok_per_s / full:.2f} of it done, p99 {much.p99_us / 1e3:.0f} ms (at 0.8 times: "
             f"{calm.p99_us / 1e3:.0f} ms); refused: {much.failed}")


def measure(run: Run) -> list[Goal]:
    address = free_address()
    with accounts(run.directory / "stack") as rig:
        with server(address, kind="door", token_issuer=ISSUER, token_audience=AUDIENCE,
                    token_jwks=rig.stack.issuer.jwks_path, executor_threads=CONNECTIONS,
                    postgres=rig.conninfo, part_us=PART_US) as process:
            target = Target(rig, address, process)
            rounds = [one for (one,) in run.interleave(lambda: target.round(run.span))]
        creates_beyond(run, rig)
    for number, one in enumerate(rounds, start=1):
        run.note(f"round {number}",
                 f"capacity {one.capacity:,.0f}, done at 5 times {one.much.ok_per_s:,.0f} a second; "
                 f"p99 {one.calm.p99_us / 1e3:.1f} and {one.much.p99_us / 1e3:.1f} ms; cores: server "
                 f"{one.server_cores:.2f}, load {one.much.cpu_s / run.span.measured_s:.2f}")
    return [Goal("done at 5 times / capacity",
                 tuple(one.much.ok_per_s / one.capacity for one in rounds), ">=", GOODPUT_GOAL),
            Goal("p99 of what is accepted at 5 times / at 0.8 times",
                 tuple(one.much.p99_us / one.calm.p99_us for one in rounds), "<=", LATENCY_GOAL),
            Goal("seconds until all is as before", tuple(one.recovery_s for one in rounds), "<=",
                 RECOVERY_GOAL)]
