"""R18: more calls than can be answered."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.part import Part, part
from bench.programs import Load, Span
from bench.rig import accounts
from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = ("overload, open loop, of a part that takes 4 ms on each of 4 connections: 1, 2, 5 and 10 "
         "times what it bears, deadlines of 500 ms; and at 5 and 10 times half of what it bears "
         "interactive, the rest bulk")
SECONDS = 60
# So long that ten times as many calls, almost all of them refused, fit one core with their load.
PART_US = 4_000
DEADLINE_MS = 500
CALM, TIMES, JUDGED = 0.8, (1, 2, 5, 10), 5
INTERACTIVE, MIXED = 0.5, (5, 10)
BULK_HEADER = "u=7"
# Overload is that only after a while.
NOTICED_S = 3.0
GOODPUT, LATENCY, REFUSAL_MS, MEMORY, SUCCESS = 0.90, 2.0, 5.0, 1.25, 0.994
# Until then as many are accepted as are answered in half a second, and each holds some memory:
# 24 KiB of gRPC's own.
ACCEPTED_S, CALL_KIB = 0.5, 32


@dataclass(frozen=True)
class Mix:
    """Two classes of callers at the same time."""

    interactive: Load
    bulk: Load

    @property
    def ok_per_s(self) -> float:
        return self.interactive.ok_per_s + self.bulk.ok_per_s

    @property
    def success(self) -> float:
        """Of interactive calls."""
        return self.interactive.ok / max(1, self.interactive.ok
                                         + sum(self.interactive.failed.values()))


def mix(target: Part, span: Span, capacity: float, times: int) -> Mix:
    """Half the capacity is asked for by interactive callers, and all else by bulk."""
    with ThreadPoolExecutor() as both:
        bulk = both.submit(target.load, span, rate=round(capacity * (times - INTERACTIVE)),
                           deadline_ms=DEADLINE_MS, priority=BULK_HEADER)
        interactive = target.load(span, rate=round(capacity * INTERACTIVE),
                                  deadline_ms=DEADLINE_MS, seed=2)
        return Mix(interactive, bulk.result())


def forget_peak(process: subprocess.Popen) -> None:
    """The most memory is from now on the most that it holds after this call."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5", encoding="ascii")


def peak_memory_mb(process: subprocess.Popen) -> float:
    """The most that it has held."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def others(load: Load) -> int:
    """Calls that failed and were not refused."""
    return sum(load.failed.values()) - load.refused


def _shown(load: Load, capacity: float) -> dict[str, object]:
    return {"done / capacity": load.ok_per_s / capacity, "p99 of accepted, ms": load.p99_us / 1e3,
            "p99 of refusals, ms": load.refused_p99_us / 1e3, "refused": load.refused,
            "failed otherwise": others(load)}


def _shown_mix(one: Mix, capacity: float) -> dict[str, object]:
    return {"done / capacity": one.ok_per_s / capacity,
            "bulk done / capacity": one.bulk.ok_per_s / capacity,
            "interactive success": one.success,
            "p99 of accepted interactive, ms": one.interactive.p99_us / 1e3,
            "p99 of accepted bulk, ms": one.bulk.p99_us / 1e3,
            "bulk refused": one.bulk.refused}


def _judged_mix(times: int, one: Mix, calm: Load, capacity: float) -> list[Criterion]:
    return [Criterion(f"two classes at {times} times: interactive success", one.success, ">=",
                      SUCCESS),
            Criterion(f"two classes at {times} times: p99 of interactive / at 0.8 times",
                      one.interactive.p99_us / calm.p99_us, "<=", LATENCY),
            Criterion(f"two classes at {times} times: done / capacity", one.ok_per_s / capacity,
                      ">=", GOODPUT),
            Criterion(f"two classes at {times} times: bulk refused", one.bulk.refused, ">", 0)]


def run(trial: Trial) -> list[Criterion]:
    span = Span(warm_up_s=NOTICED_S, measured_s=trial.seconds / (len(TIMES) + len(MIXED) + 3))
    with accounts(trial.directory / "stack") as rig, part(rig, PART_US) as target:
        capacity = target.capacity(span)
        calm = target.load(span, rate=round(capacity * CALM), deadline_ms=DEADLINE_MS).check()
        loads, memory = {}, {}
        for times in TIMES:
            forget_peak(target.process)
            loads[times] = target.load(span, rate=round(capacity * times), deadline_ms=DEADLINE_MS)
            memory[times] = peak_memory_mb(target.process)
        mixes = {times: mix(target, span, capacity, times) for times in MIXED}
        after = target.load(span, rate=round(capacity * CALM), deadline_ms=DEADLINE_MS)
        ended = target.process.poll() is not None
    trial.figures |= {"capacity": capacity, "p99 at 0.8 times, ms": calm.p99_us / 1e3}
    for times, load in loads.items():
        trial.figures |= {f"{times} times: {name}": value
                          for name, value in _shown(load, capacity).items()}
        trial.figures[f"{times} times: most memory, MiB"] = memory[times]
    for times, one in mixes.items():
        trial.figures |= {f"two classes, {times} times: {name}": value
                          for name, value in _shown_mix(one, capacity).items()}
    judged = loads[JUDGED]
    return [Criterion("done at 5 times / capacity", judged.ok_per_s / capacity, ">=", GOODPUT),
            Criterion("p99 of accepted at 5 times / at 0.8 times", judged.p99_us / calm.p99_us,
                      "<=", LATENCY),
            Criterion("p99 of refusals at 5 times, ms", judged.refused_p99_us / 1e3, "<=",
                      REFUSAL_MS),
            Criterion("refusals", sum(load.refused for load in loads.values()), ">", 0),
            Criterion("refusals that did not say when to come again",
                      sum(load.refused_without_time for load in loads.values()), "==", 0),
            *(criterion for times, one in mixes.items()
              for criterion in _judged_mix(times, one, calm, capacity)),
            Criterion("most memory at 10 times / at once", memory[10] / memory[1], "<=", MEMORY),
            Criterion("KiB more for each call accepted before overload was noticed",
                      (max(memory.values()) - memory[1]) * 1024 / (capacity * ACCEPTED_S), "<=",
                      CALL_KIB),
            Criterion("servers that ended", int(ended), "==", 0),
            Criterion("calls that failed afterwards", sum(after.failed.values()), "==", 0)]
