"""What the world was when: every version of every record, and which policies were in force."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fault.leaks import schema
from fault.leaks.canary import Key, keys_in
from fault.leaks.policy import Policy

# Services look at what directory announced twice a second; what it takes until they know of it is
# told by the documents as two seconds, and here is twice as much, for a machine that is busy.
GRACE_S = 4.0
# Of the latest policies what each sees of each record is kept.
REMEMBERED = 8


class Unknown(Exception):
    """Somebody has just written what the ledger has not been told of yet."""


@dataclass(eq=False)
class State:
    """One version of a record, and when it may have been the current one."""

    type: schema.RecordType
    name: str
    version: int
    message: object
    since: float  # When the write that made it began.
    until: float = float("inf")  # When the write that replaced it had ended.

    @property
    def deleted(self) -> bool:
        return self.type.soft_delete and self.message.HasField("delete_time")

    def may_be_read(self, begin: float, end: float) -> bool:
        return self.since <= end and begin <= self.until


def version_of(etag: str) -> int:
    """Of "v3" in its quotes; the hunt alone reads it, to find the version that it was shown."""
    digits = etag.strip('"').removeprefix("v")
    return int(digits) if digits.isdigit() else 0


def bytes_of(message, column: str) -> bytes:
    """What the field brings into a serialized record."""
    part = type(message)()
    value = getattr(message, column)
    descriptor = message.DESCRIPTOR.fields_by_name[column]
    if descriptor.label == descriptor.LABEL_REPEATED:
        getattr(part, column).MergeFrom(value)
    elif descriptor.message_type is None:
        setattr(part, column, value)
    elif message.HasField(column):
        getattr(part, column).CopyFrom(value)
    return part.SerializeToString()


def is_set(message, column: str) -> bool:
    descriptor = message.DESCRIPTOR.fields_by_name[column]
    if descriptor.label != descriptor.LABEL_REPEATED and descriptor.has_presence:
        return message.HasField(column)
    return bool(getattr(message, column))


def set_columns(message) -> list[str]:
    return [one.name for one, _ in message.ListFields() if one.name not in schema.ALWAYS_SEEN]


@dataclass
class _Record:
    versions: dict[int, State] = field(default_factory=dict)
    current: State | None = None


class Ledger:
    """All versions of all records, each told by whoever wrote it. Thread-safe."""

    def __init__(self):
        self._records: dict[str, _Record] = {}
        self._holders: dict[Key, list[tuple[State, str]]] = {}
        self._names: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    def note(self, message, begin: float, end: float) -> State:
        """A record as it is since a write that lasted from `begin` to `end`."""
        type_ = schema.by_message()[message.DESCRIPTOR.full_name]
        version = version_of(message.etag)
        with self._lock:
            record = self._records.get(message.name)
            if record is None:
                record = self._records[message.name] = _Record()
                self._names.setdefault(type_.type, []).append(message.name)
            known = record.versions.get(version)
            if known is not None:
                return known
            state = State(type_, message.name, version, message, begin)
            if record.current is not None and record.current.version < version:
                record.current.until = end
            if record.current is None or record.current.version < version:
                record.current = state
            else:
                state.until = end
            for column in set_columns(message):
                for key in keys_in(bytes_of(message, column)):
                    self._holders.setdefault(key, []).append((state, column))
            record.versions[version] = state
        return state

    def names(self, type_: schema.RecordType) -> list[str]:
        return self._names.get(type_.type, [])

    def current(self, name: str) -> State | None:
        record = self._records.get(name)
        return record.current if record is not None else None

    def currents(self, type_: schema.RecordType) -> Iterator[State]:
        for name in list(self.names(type_)):
            yield self._records[name].current

    def at(self, name: str, version: int) -> State:
        """Unknown if nobody has told of it."""
        record = self._records.get(name)
        if record is None or version not in record.versions:
            raise Unknown(f"{name} version {version}")
        return record.versions[version]

    def readable(self, name: str, begin: float, end: float) -> list[State]:
        """The versions that somebody who read in this span may have found."""
        record = self._records.get(name)
        versions = [] if record is None else list(record.versions.values())
        return [state for state in versions if state.may_be_read(begin, end)]

    def holders(self, key: Key) -> list[tuple[State, str]]:
        """Who holds the canary; Unknown if nobody is known to."""
        found = self._holders.get(key)
        if found is None:
            raise Unknown(f"the canary {key}")
        return found


@dataclass(eq=False)
class _InForce:
    policy: Policy
    since: float
    until: float


class PolicyLog:
    """Which policies may have been in force when. Written by one thread, read by any."""

    def __init__(self, first: Policy):
        self._entries = [_InForce(first, float("-inf"), float("inf"))]
        # When a right ends by itself; nobody is certain of anything around that time.
        self.ends: list[float] = []

    @property
    def latest(self) -> Policy:
        return self._entries[-1].policy

    @property
    def changed(self) -> float:
        """When the last change was asked for."""
        return self._entries[-1].since

    @contextmanager
    def change(self, policy: Policy) -> Iterator[None]:
        """The block changes to this policy: from its begin on it may be in force, and from its end
        on the former one may not be, but for GRACE_S. If it fails nothing has changed."""
        former, begun = self._entries[-1], _InForce(policy, time.monotonic(), float("inf"))
        self._entries.append(begun)
        try:
            yield
        except BaseException:
            self._entries.remove(begun)
            raise
        former.until = time.monotonic()
        for old in self._entries[:-REMEMBERED]:
            old.policy.forget()

    def possible(self, begin: float, end: float) -> list[Policy]:
        """Those that may have decided something in this span."""
        return [one.policy for one in list(self._entries)
                if one.since <= end and begin <= one.until + GRACE_S]

    def certain(self, begin: float, end: float) -> Policy | None:
        """The one that decided all in this span, if it is certain."""
        possible = self.possible(begin, end)
        near = any(begin - GRACE_S <= at <= end + GRACE_S for at in self.ends)
        return possible[0] if len(possible) == 1 and not near else None


def texts_of(value) -> Iterable[str]:
    """How a value of a field would be told in the words of an error, where that is long enough to
    be known again."""
    if isinstance(value, str):
        return [value] if len(value) >= 4 else []
    kind = getattr(getattr(value, "DESCRIPTOR", None), "full_name", "")
    if kind == "google.type.Money":
        return [str(value.units)] if value.units > 999 else []
    if kind == "google.type.Date":
        return [f"{value.year:04d}-{value.month:02d}-{value.day:02d}"]
    if kind == "google.protobuf.Timestamp":
        return [value.ToJsonString()[:19]]
    if kind:
        return [text for _, part in value.ListFields() for text in texts_of(part)]
    if isinstance(value, int):
        return [str(value)] if value > 99_999 else []
    if isinstance(value, float):
        return []
    return [text for part in value for text in texts_of(part)]
