"""Throughput and latency from one call in flight to many."""

from dataclasses import dataclass
from pathlib import Path

from devkit.console import say

from bench import people
from bench.programs import Span
from bench.rig import Rig, accounts

IN_FLIGHT = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SPAN = Span(warm_up_s=1.0, measured_s=5.0)
PEOPLE = 100_000


@dataclass(frozen=True)
class Point:
    """What so many calls in flight gave."""

    in_flight: int
    per_s: float
    p50_ms: float
    p99_ms: float


def _curve(rig: Rig, workload: str, **flags) -> list[Point]:
    points = []
    for in_flight in IN_FLIGHT:
        load = rig.load(workload, SPAN, in_flight=in_flight, run=f"s{in_flight}", **flags)
        points.append(Point(in_flight, load.ok_per_s, load.p50_us / 1e3, load.p99_us / 1e3))
        say(f"    {workload}, {in_flight} in flight: {load.ok_per_s:,.0f} a second")
    return points


def measure(directory: Path) -> dict[str, list[Point]]:
    """A curve for each kind of call; reads find their record in Redis from the second time on."""
    with accounts(directory / "stack") as rig:
        people.clone(rig, PEOPLE)
        return {"create": _curve(rig, "create-person"),
                "get": _curve(rig, "get-person", records=PEOPLE),
                "list of 50": _curve(rig, "list-people")}
