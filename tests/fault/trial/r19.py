"""R19: an overload that callers keep alive ends with the load."""

from bench.part import part
from bench.programs import Load, Span
from bench.rig import accounts
from fault.trial.figures import Criterion
from fault.trial.gtest import counts_of
from fault.trial.r18 import DEADLINE_MS
from fault.trial.supervisor import Trial

TITLE = ("three times what can be done, by callers who ask again at once and up to ten times; then "
         "0.7 times; and what our own client asks again")
SECONDS = 60
# So long that all that is asked again fits one core with its load, too: 33 times the capacity.
PART_US = 20_000
MUCH, CALM = 3.0, 0.7
REPETITIONS = 10
RECOVERY_S, CALM_S = 10.0, 20.0
SUCCESS, AMPLIFICATION = 0.999, 1.1
OWN_S = 120


def success(load: Load) -> float:
    return load.ok / max(1, load.ok + sum(load.failed.values()))


def run(trial: Trial) -> list[Criterion]:
    with accounts(trial.directory / "stack") as rig, part(rig, PART_US) as target:
        capacity = target.capacity(Span())
        much = target.load(Span(0.0, trial.seconds), rate=round(capacity * MUCH),
                           deadline_ms=DEADLINE_MS, repetitions=REPETITIONS)
        calm_rate = round(capacity * CALM)
        first = target.load(Span(0.0, RECOVERY_S), rate=calm_rate, deadline_ms=DEADLINE_MS)
        then = target.load(Span(0.0, CALM_S), rate=calm_rate, deadline_ms=DEADLINE_MS)
        ended = target.process.poll() is not None
    calls = much.ok + sum(much.failed.values())
    own = counts_of(trial, "lotura_rpc_test", "RetryStorm", OWN_S)
    trial.figures |= {
        "capacity": capacity, "naive callers: times asked for each call":
            (calls + much.repetitions) / max(1, calls),
        "naive callers: done / capacity": much.ok_per_s / capacity,
        "success in the first 10 s afterwards": success(first),
        "failures after that": str(then.failed)}
    return [Criterion("naive callers: repetitions for each call", much.repetitions / max(1, calls),
                      ">", 1),
            Criterion("success from 10 s after the load", success(then), ">=", SUCCESS),
            Criterion("servers that ended", int(ended), "==", 0),
            *(Criterion(f"our client, {test}: times asked for each call",
                        counts["asked"] / counts["calls"], "<=", AMPLIFICATION)
              for test, counts in own.items())]
