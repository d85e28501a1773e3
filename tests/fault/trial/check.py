"""The checker, a program of its own: reads history, tables and topics, and prints what is wrong.

    python3 -m fault.trial.check history.jsonl faults.jsonl 'dbname=lotura' 127.0.0.1:9092

It shares nothing with those who wrote, and prints one JSON object: figures by name, and examples.
"""

import json
import sys
from bisect import bisect_left
from collections import Counter
from itertools import zip_longest
from pathlib import Path

from fault.announced import POISON_TENANT, Sources, Version, deliveries_of, query
from fault.trial import rates
from fault.trial.history import OK, READ, Operation, lines_of, operations
from fault.trial.verdict import Effect, Entry, Found, judge, staleness_s

LEFT_S = 5.0
FOREVER_S = 1e6
ROWS = ("SELECT tenant_id || '/' || name, display_name, coalesce(employee_count, 0)"
        " FROM accounts.organization")
JOURNAL = ("SELECT tenant_id || '/' || name, version, event_id::text, coalesce(request_id::text, '')"
           " FROM accounts.journal")
# An organization stands on its own timeline, once for each event.
EFFECTS = f"""
SELECT tenant_id || '/' || substr(source, length('//accounts.lotura/') + 1), source_version, entry_id
FROM communications.timeline_entry WHERE source = record AND source LIKE '//accounts.lotura/%' AND tenant_id <> '{POISON_TENANT}'"""


def read(sources: Sources) -> Found:
    return Found(rows=query(sources, ROWS),
                 journal=[Entry(Version(*row[:3]), row[3]) for row in query(sources, JOURNAL)],
                 deliveries=list(deliveries_of(sources, "accounts")),
                 effects=[Effect(*row) for row in query(sources, EFFECTS)])


def is_typed(error: str) -> bool:
    """Whether it tells what became of the call: a reason of ours, or a connection that broke or a
    time that was up, which the caller's own gRPC tells."""
    code, _, reason = error.partition(" ")
    return bool(reason) or code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")


def callers_figures(seen: list[Operation]) -> dict[str, float]:
    writes = [operation for operation in seen if operation.is_write]
    return {
        "operations": len(seen),
        "acknowledged": sum(write.outcome == OK for write in writes),
        "unknown": sum(write.outcome not in (OK, "fail") for write in writes),
        "failed": sum(operation.outcome != OK for operation in seen),
        "repeated": sum(operation.tries > 1 for operation in seen),
        "call_max_s": max((one.took_max for one in seen), default=0.0),
        "untyped": sum(not is_typed(error) for one in seen for error in one.errors),
        "availability": rates.availability(seen),
        "write_p50_ms": rates.percentile(writes, 0.5) * 1e3,
        "write_p99_ms": rates.percentile(writes, 0.99) * 1e3,
    }


def recoveries(seen: list[Operation], faults: list[dict]) -> dict[str, float]:
    """The slowest recovery of each service that was killed, where it could be seen."""
    end = max((operation.begin for operation in seen), default=0.0)
    found: dict[str, list[float]] = {}
    for fault in faults:
        if not fault["what"].startswith("kill"):
            continue
        service = fault["target"]
        took = rates.Rate(operation for operation in seen
                          if operation.service == service).recovery(fault["t"], end)
        if took is not None:
            found.setdefault(service, []).append(took)
    return {service: max(times) for service, times in found.items()}


def phases(seen: list[Operation], faults: list[dict]) -> dict[str, dict[str, float]]:
    """Of each span that the nemesis named, how the operations that began in it fared."""
    marks = [fault for fault in faults if fault["what"] == "phase"]
    found = {}
    for mark, following in zip_longest(marks, marks[1:]):
        end = following["t"] if following else float("inf")
        inside = [one for one in seen if mark["t"] <= one.begin < end]
        writes = [one for one in inside if one.is_write]
        reads = [one for one in inside if one.kind == READ]
        found[mark["target"]] = {
            "operations": len(inside), "failed": sum(one.outcome != OK for one in inside),
            "acknowledged": sum(write.outcome == OK for write in writes),
            "write_p99_ms": rates.percentile(writes, 0.99) * 1e3,
            "read_p99_ms": rates.percentile(reads, 0.99) * 1e3,
            "read_p50_ms": rates.percentile(reads, 0.5) * 1e3}
    return found


def first_successes(seen: list[Operation], faults: list[dict]) -> list[float]:
    """Seconds from each time that something was healed to the next write that succeeded; as good as
    forever if none did. What was healed when the load was about to end is left out."""
    ends = sorted(one.end for one in seen if one.is_write and one.outcome == OK)
    end = max((operation.begin for operation in seen), default=0.0)
    healed = [fault["t"] for fault in faults
              if fault["what"] == "healed" and fault["t"] <= end - LEFT_S]
    return [ends[at] - healing if (at := bisect_left(ends, healing)) < len(ends) else FOREVER_S
            for healing in healed]


def healings(seen: list[Operation], faults: list[dict]) -> dict[str, float]:
    """Of each fault that was healed, how long the rate then took to come back."""
    end = max((operation.begin for operation in seen), default=0.0)
    rate = rates.Rate(seen)
    begun = {fault["target"]: fault["t"] for fault in faults if fault["what"] == "fault"}
    found = {fault["target"]: rate.recovery(begun[fault["target"]], end, since=fault["t"])
             for fault in faults if fault["what"] == "healed" and fault["target"] in begun}
    return {target: took for target, took in found.items() if took is not None}


def main(history: str, faults: str, postgres: str, kafka: str) -> None:
    seen = operations(lines_of(Path(history)))
    done = lines_of(Path(faults))
    found = read(Sources(postgres, kafka))
    verdict = judge(seen, found)
    print(json.dumps({
        "figures": callers_figures(seen) | dict(verdict.counts) | {
            "rows": len(found.rows), "events": len(found.deliveries),
            "repeated_events": len(found.deliveries) - len(set(found.deliveries)),
            "staleness_max_s": staleness_s(seen)},
        "errors": Counter(error for one in seen for error in one.errors),
        "recovery_s": recoveries(seen, done), "phases": phases(seen, done),
        "heal_s": healings(seen, done), "first_success_s": first_successes(seen, done),
        "examples": verdict.examples}))


if __name__ == "__main__":
    main(*sys.argv[1:])
