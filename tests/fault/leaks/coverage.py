"""Which ways a value could take out of each RPC, and how often each was watched."""

import random
import threading
from collections import Counter

from fault.leaks import schema
from fault.leaks.values import Values

WRITES = ("response", "error", "repeated request")
OF_ONE = (*WRITES, "etag")
PATHS: dict[str, tuple[str, ...]] = {
    "Get": ("response", "cache", "error", "absent", "unchanged"),
    "BatchGet": ("response", "cache", "error", "absent", "unchanged"),
    "List": ("response", "filter", "order", "page token", "error", "unchanged"),
    "Create": WRITES, "BatchCreate": WRITES,
    "Update": (*OF_ONE, "absent"), "BatchUpdate": (*OF_ONE, "absent"),
    "Delete": (*OF_ONE, "absent"), "Undelete": (*OF_ONE, "absent"),
    "MoveOpportunity": (*OF_ONE, "absent"), "ReopenOpportunity": (*OF_ONE, "absent"),
    "Import": ("import answer", "error", "repeated request"),
    "Subscribe": ("event stream", "filter", "snapshot", "past", "error"),
    "GetSchema": ("response", "error"), "ListEventTypes": ("response", "error"),
    "ExplainAccess": ("response", "error", "absent", "unchanged"),
    "ListTimeline": ("response", "page token", "error"), "QueryFunnel": ("aggregate", "error"),
    "QueryRevenue": ("aggregate", "error"),
}
# What a permission of its own opens as a whole, whatever else the caller may see: docs/audit.md.
WHOLE = ("ExportAuditLog", "GetAuditCheckpoint", "SearchChanges", "SearchReads")
# Its records are made with a token that is told once, of which no twin has the same.
APART_SERVICE = "lotura.directory.v1.ApiKeyService/"
APART_TYPE = "directory.lotura/ApiKey"
# Of these alone, who is refused what is not there: of others whatever they refer to is of another
# service, whose records are known to be there.
REFERS = ("Create", "BatchCreate", "Import")
# Watched by whoever has a world of his own; the rest by callers and streams.
APART = ("absent", "unchanged")
# How often a cell comes up beside the rarest ones: what tells of many records does more often.
WEIGHTS = {"List": 6, "Get": 2, "BatchGet": 4, "ListTimeline": 8,
           "QueryFunnel": 2, "QueryRevenue": 2}
RAREST_SHARE = 0.5

Cell = tuple[str, str]  # The name of an RPC, and a path.


def cells() -> tuple[list[Cell], list[str]]:
    """What has to be watched, and the RPCs of which the hunt does not know how."""
    known, unknown = [], []
    for rpc in schema.rpcs().values():
        if rpc.kind in WHOLE or rpc.name.startswith(APART_SERVICE):
            continue
        paths = PATHS.get(rpc.kind)
        if paths is None:
            unknown.append(rpc.name)
            continue
        if rpc.kind in REFERS and (rpc.type.own_references or rpc.type.parent):
            paths = (*paths, "absent")
        if rpc.kind == "List" and not rpc.type.orders:
            paths = tuple(path for path in paths if path != "order")
        # Of a type of which policies are made nothing may change unseen.
        if rpc.type is not None and not Values.changeable(rpc.type):
            paths = tuple(path for path in paths if path != "unchanged")
        known += [(rpc.name, path) for path in paths]
    return known, unknown


class Coverage:
    """Counts what was judged, and says what to watch next. Thread-safe."""

    def __init__(self):
        self._cells, self.unknown = cells()
        self.counts: Counter[Cell] = Counter(dict.fromkeys(self._cells, 0))
        self._tried: Counter[Cell] = Counter(dict.fromkeys(self._cells, 0))
        self.calls = 0
        self._lock = threading.Lock()

    def count(self, rpc: str, path: str, calls: int = 1) -> None:
        with self._lock:
            self.counts[rpc, path] += 1
            self.calls += calls

    def next(self, chance: random.Random) -> Cell:
        """For a caller."""
        return self._next(chance, [cell for cell in self._cells if cell[1] not in APART
                                   and not cell[0].endswith("/Subscribe")])

    def next_stream(self, chance: random.Random) -> Cell:
        return self._next(chance, [cell for cell in self._cells if cell[0].endswith("/Subscribe")])

    def next_apart(self, chance: random.Random) -> Cell:
        return self._next(chance, [cell for cell in self._cells if cell[1] in APART])

    def _next(self, chance: random.Random, among: list[Cell]) -> Cell:
        with self._lock:
            if chance.random() < RAREST_SHARE:
                least = min(self._tried[cell] for cell in among)
                chosen = chance.choice([cell for cell in among if self._tried[cell] == least])
            else:
                weights = [WEIGHTS.get(schema.rpcs()[rpc].kind, 1) for rpc, _ in among]
                chosen = chance.choices(among, weights)[0]
            self._tried[chosen] += 1
        return chosen


def table(counts: dict[Cell, int]) -> dict[str, tuple[int, int]]:
    """By kind of RPC and path: how often all of them, and the rarest one, were watched."""
    found: dict[str, list[int]] = {}
    for (rpc, path), count in counts.items():
        found.setdefault(f"{schema.rpcs()[rpc].kind}, {path}", []).append(count)
    return {name: (sum(all_), min(all_)) for name, all_ in sorted(found.items())}
