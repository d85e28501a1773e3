"""What callers saw, as JSON lines: each operation is invoked and ends as ok, fail or info.

    {"op": 7, "what": "invoke", "t": 12.3, "kind": "create", "service": "accounts", "request": "..."}
    {"op": 7, "what": "retry", "t": 12.5, "code": "UNAVAILABLE"}
    {"op": 7, "what": "ok", "t": 12.9, "tries": 2, "name": "organizations/o-1", "version": 1}

`fail` is certain to have had no effect. `info` may have had one: the connection broke, the time was
up. Times are the machine's monotonic clock, the same for all processes; an invocation's is when it
should have begun, so that callers who were held up do not hide how long it took.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

READ, CREATE, UPDATE, PROBE, LIST = "read", "create", "update", "probe", "list"
WRITES = (CREATE, UPDATE)
OK, FAIL, INFO = "ok", "fail", "info"


@dataclass
class Operation:
    """One operation as its caller saw it; without an outcome it never came back."""

    number: int
    kind: str
    service: str
    begin: float
    request: str = ""
    name: str = ""
    version: int = 0  # Of a write: what it makes. Of a read: what it found.
    text: str = ""  # Of a creation: what the record is called.
    at_least: int = 0  # Of a read: what was acknowledged before it began.
    outcome: str = INFO
    end: float = float("inf")
    tries: int = 1
    took_max: float = 0.0  # The longest of its calls that failed.
    reason: str = ""
    errors: list[str] = field(default_factory=list)  # Codes and reasons of its calls that failed.
    seen: list[tuple[str, int, str]] = field(default_factory=list)  # Name, version, text of records.

    @property
    def is_write(self) -> bool:
        return self.kind in WRITES

    @property
    def seconds(self) -> float:
        return self.end - self.begin


@dataclass
class Recorder:
    """Writes a history; one event loop, one file."""

    path: Path
    _file: object = field(init=False, repr=False)

    def __post_init__(self):
        self._file = self.path.open("w", encoding="utf-8")

    def note(self, number: int, what: str, t: float, **fields) -> None:
        line = {"op": number, "what": what, "t": round(t, 6)} | fields
        self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        self._file.close()


def lines_of(path: Path) -> list[dict]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def operations(lines: Iterable[dict]) -> list[Operation]:
    """Folds the lines of a history into its operations."""
    found: dict[int, Operation] = {}
    for line in lines:
        if line["what"] == "invoke":
            found[line["op"]] = Operation(
                number=line["op"], kind=line["kind"], service=line["service"], begin=line["t"],
                request=line.get("request", ""), name=line.get("name", ""),
                version=line.get("version", 0), text=line.get("text", ""), at_least=line.get("at_least", 0))
            continue
        operation = found[line["op"]]
        if line["what"] == "retry":
            operation.tries += 1
            operation.took_max = max(operation.took_max, line.get("took", 0.0))
            operation.errors.append(line["code"])
            continue
        operation.outcome, operation.end = line["what"], line["t"]
        operation.name = line.get("name", operation.name)
        operation.version = line.get("version", operation.version)
        operation.reason = line.get("reason", "")
        operation.errors += [operation.reason] if operation.reason else []
        operation.seen = [tuple(one) for one in line.get("seen", ())]
        operation.took_max = max(operation.took_max, line.get("took", 0.0))
    return list(found.values())
