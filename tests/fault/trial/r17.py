"""R17: all that was cached is gone at once, under full load."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event

from bench import people
from bench.programs import Load, Span, run_load
from bench.rig import Rig, accounts
from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = ("FLUSHALL while 64 callers read 10,000 people, some of them much more often than others; "
         "and the same load without Redis")
SECONDS = 40
HOT = 10_000
WORKLOAD = "get-hot-person"
FLAGS = {"in_flight": 64, "records": HOT, "deadline_ms": 500}
LOOK_S, WARM_UP_S = 0.5, 1.0
STATEMENTS = 2.0


@dataclass(frozen=True)
class Look:
    """What the service had done by then."""

    at: float
    statements: float
    stored: float

    @staticmethod
    def of(rig: Rig) -> "Look":
        return Look(time.monotonic(), rig.metric("lotura_db_statement_seconds_count"),
                    rig.metric("lotura_cache_events_total", 'event="stored"'))


def _looks(rig: Rig, seconds: float) -> list[Look]:
    looks = [Look.of(rig)]
    while looks[-1].at - looks[0].at < seconds:
        Event().wait(LOOK_S)
        looks.append(Look.of(rig))
    return looks


def _rates(looks: list[Look]) -> list[float]:
    """Statements a second, from look to look."""
    return [(after.statements - before.statements) / (after.at - before.at)
            for before, after in zip(looks, looks[1:])]


def _mean_rate(looks: list[Look]) -> float:
    return (looks[-1].statements - looks[0].statements) / (looks[-1].at - looks[0].at)


def _meanwhile(rig: Rig, seconds: float, do: Callable) -> tuple[Load, object]:
    """A load for so long, what became of it, and what `do` returned in the middle of it."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        load = pool.submit(run_load, rig.target, WORKLOAD, span=Span(WARM_UP_S, seconds),
                           token_file=rig.token_file, **FLAGS)
        wait([load], WARM_UP_S)
        done = do()
        return load.result(), done


def run(trial: Trial) -> list[Criterion]:
    part = trial.seconds / 4
    with accounts(trial.directory / "stack") as rig:
        people.clone(rig, HOT)
        rig.load(WORKLOAD, Span(0.0, part), **FLAGS)

        def flush() -> tuple[list[Look], list[Look]]:
            before = _looks(rig, part / 2)
            rig.forget_cached()
            return before, _looks(rig, part / 2)

        flushed, (before, after) = _meanwhile(rig, part + 2 * LOOK_S, flush)
        rig.stack.redis.stop()
        bare, without = _meanwhile(rig, part / 2 + 2 * LOOK_S, lambda: _looks(rig, part / 2))
    again = after[-1].stored - after[0].stored
    statements = after[-1].statements - after[0].statements
    trial.figures |= {
        "reads a second, with the flush": flushed.ok_per_s, "without a cache": bare.ok_per_s,
        "p99 of reads with the flush, ms": flushed.p99_us / 1e3,
        "statements a second, before": _mean_rate(before), "in the worst half second after":
            max(_rates(after)), "without a cache at all": _mean_rate(without)}
    return [Criterion("calls that failed", sum(flushed.failed.values()), "==", 0),
            Criterion("records cached again", again, ">", HOT / 2),
            Criterion("statements for each record cached again", statements / max(1, again), "<=",
                      STATEMENTS)]
