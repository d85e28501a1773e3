"""Compares what callers saw with what tables and topics hold, however those were read."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fault.announced import Version, faults
from fault.trial.history import FAIL, OK, READ, Operation

EXAMPLES_MAX = 5


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    version: Version
    request: str


@dataclass(frozen=True)
class Effect:
    """What a consumer made of one event."""

    record: str  # "<tenant>/<name>"
    number: int
    event_id: str


@dataclass(frozen=True)
class Found:
    """What stood in tables and on the topic when all was over."""

    rows: list[tuple[str, str, int]]  # "<tenant>/<name>", display name, number.
    journal: list[Entry]
    deliveries: list[Version]
    effects: list[Effect]


@dataclass
class Verdict:
    """How many faults of each kind, and a few of them in words."""

    counts: Counter = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, kind: str, faults_found: Iterable[str]) -> None:
        found = list(faults_found)
        self.counts[kind] = len(found)
        self.examples += [f"{kind}: {text}" for text in found[:EXAMPLES_MAX]]


def judge(operations: list[Operation], found: Found) -> Verdict:
    """Every kind that it looks for has a count, zero if nothing is wrong."""
    verdict = Verdict()
    writes = [operation for operation in operations if operation.is_write]
    entries = defaultdict(list)
    for entry in found.journal:
        entries[entry.request].append(entry)
    verdict.add("lost", _lost(writes, entries, {row[0].split("/", 1)[1] for row in found.rows}))
    verdict.add("duplicates", _duplicates(entries, found.rows))
    verdict.add("unexpected", _unexpected(writes, entries))
    verdict.add("unannounced", faults([entry.version for entry in found.journal],
                                      found.deliveries))
    verdict.add("effects_missing", _effects_missing(found))
    verdict.add("effects_duplicate", _effects_duplicate(found.effects))
    verdict.add("effects_phantom", _effects_phantom(found))
    verdict.add("stale", _stale(operations))
    verdict.add("invented", _invented(operations, found.journal))
    verdict.add("altered", _altered(operations, found))
    return verdict


def _lost(writes: list[Operation], entries: dict, names: set[str]) -> Iterator[str]:
    """Acknowledged, but not there as it was acknowledged."""
    for write in writes:
        if write.outcome != OK:
            continue
        there = {(entry.version.record.split("/", 1)[1], entry.version.number)
                 for entry in entries.get(write.request, ())}
        if (write.name, write.version) not in there or write.name not in names:
            yield (f"{write.kind} {write.number} was acknowledged as version {write.version} of "
                   f"{write.name}; the journal has {sorted(there)}")


def _duplicates(entries: dict, rows: list[tuple[str, str, int]]) -> Iterator[str]:
    for request, written in entries.items():
        if len(written) > 1:
            yield f"request {request} was written {len(written)} times"
    for display_name, count in Counter(row[1] for row in rows).items():
        if count > 1:
            yield f"'{display_name}' is there {count} times"


def _unexpected(writes: list[Operation], entries: dict) -> Iterator[str]:
    """Written although nobody asked for it, or although its caller was told that it was not."""
    allowed = {write.request for write in writes if write.outcome != FAIL}
    for request, written in entries.items():
        if request not in allowed:
            yield f"{written[0].version} of request '{request}'"


def _effects_missing(found: Found) -> Iterator[str]:
    there = {effect.event_id for effect in found.effects}
    for entry in found.journal:
        if entry.version.event_id not in there:
            yield f"of {entry.version}"


def _effects_duplicate(effects: list[Effect]) -> Iterator[str]:
    for version, count in Counter((effect.record, effect.number) for effect in effects).items():
        if count > 1:
            yield f"version {version[1]} of {version[0]} had {count} effects"


def _effects_phantom(found: Found) -> Iterator[str]:
    written = {entry.version.event_id for entry in found.journal}
    for effect in found.effects:
        if effect.event_id not in written:
            yield f"of {effect}"


def _invented(operations: list[Operation], journal: list[Entry]) -> Iterator[str]:
    """Read although it was never written: somebody's bytes were believed."""
    written = {(entry.version.record.split("/", 1)[1], entry.version.number) for entry in journal}
    for read in operations:
        if read.kind == READ and read.outcome == OK and (read.name, read.version) not in written:
            yield f"version {read.version} of {read.name}"


def _altered(operations: list[Operation], found: Found) -> Iterator[str]:
    """Rows and answers that say something else than what was written: somebody's bytes were
    believed. An update writes the number of its version."""
    rows = {row[0].split("/", 1)[1]: row[1:] for row in found.rows}
    texts = {one.request: one.text for one in operations if one.text}
    numbers = defaultdict(set)
    written = {}
    for entry in found.journal:
        name = entry.version.record.split("/", 1)[1]
        numbers[name].add(entry.version.number)
        if entry.request in texts:
            written[name] = texts[entry.request]
    for name, text in written.items():
        row = rows.get(name)
        if row is not None and row != (text, max(numbers[name])):
            yield f"{name} is the row {row} instead of {(text, max(numbers[name]))}"
    for one in operations:
        for name, number, text in one.seen:
            if text != written.get(name, text) or number not in numbers[name]:
                yield f"{one.kind} {one.number} was told {(name, number, text)}"


def staleness_s(operations: list[Operation]) -> float:
    """How long after the acknowledgement of something newer the latest stale read began."""
    known = defaultdict(list)
    for write in operations:
        if write.is_write and write.outcome == OK:
            known[write.name].append(write)
    return max((read.begin - min(write.end for write in known[read.name]
                                 if write.version > read.version)
                for read in operations if _is_stale(read)), default=0.0)


def _is_stale(one: Operation) -> bool:
    return one.kind == READ and one.outcome == OK and one.version < one.at_least


def _stale(operations: list[Operation]) -> Iterator[str]:
    for read in operations:
        if _is_stale(read):
            yield f"{read.name}: version {read.version} after {read.at_least} was acknowledged"
