"""P9: more than can be done."""

from dataclasses import dataclass

from bench.figures import Goal
from bench.part import Part, part
from bench.programs import Load, Span, cpu_seconds, run_load
from bench.rig import Rig, accounts
from bench.run import Run

TITLE = ("overload, open loop, of a part that takes 2 ms on each of 4 connections: what is done at "
         "5 times the capacity, and how long it takes")
GOODPUT_GOAL, LATENCY_GOAL, RECOVERY_GOAL = 0.90, 2.0, 10
PART_US = 2_000
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


def one_round(target: Part, span: Span) -> Round:
    capacity = target.capacity(span)
    calm_rate = round(capacity * CALM)
    calm = target.load(span, rate=calm_rate).check()
    before = cpu_seconds(target.process.pid)
    long = Span(span.warm_up_s + NOTICED_S, span.measured_s)
    much = target.load(long, rate=round(capacity * MUCH))
    cores = (cpu_seconds(target.process.pid) - before) / long.whole_s
    return Round(capacity, calm, much, recovery_s(target, calm_rate, calm), cores)


def recovery_s(target: Part, rate: int, calm: Load) -> int:
    """Seconds until calls are answered as before: none refused, none slower than twice."""
    for second in range(1, RECOVERY_GOAL + 2):
        load = target.load(SECOND, rate=rate)
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
    with accounts(run.directory / "stack") as rig:
        with part(rig, PART_US) as target:
            rounds = [one for (one,) in run.interleave(lambda: one_round(target, run.span))]
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
