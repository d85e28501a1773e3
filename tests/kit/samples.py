"""Records of any type, made from what the protos declare, so that a new type needs nothing here.

A record is filled, tried out, and mended where the service finds something wrong, until it passes.
"""

import itertools
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import grpc

from authorization.catalog import Catalog, Field, Kind, RecordType
from devkit.process import wait_until
from kit.api import Client, Refused, message_class

# One of them fits what a rule wants of a text.
TEXTS = ("Sample", "USD", "US", "en", "sample@example.org", "+14155550100")
UNIQUE = {"EMAIL": "sample{}@example.org", "DOMAIN": "sample{}.example.org",
          "PHONE": "+1415{:07}", "EXACT": "Sample {}"}
DAY = {"year": 2020, "month": 1, "day": 15}
SECONDS = 1_579_046_400
TRIALS = 40
ARRIVAL_S = 60
INDEX = re.compile(r"\[\d+\]")
UUID = re.compile(r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
MONTH_S = 30 * 86_400
TIMESTAMP = "google.protobuf.Timestamp"
AMOUNTS = (TIMESTAMP, "google.type.Money")
SPECIAL = {TIMESTAMP: {"seconds": SECONDS}, "google.type.Date": DAY}

# Numbers of ids and unique values, for all tenants.
_number = itertools.count(1)
_lock = threading.Lock()


def fresh_number() -> int:
    with _lock:
        return next(_number)


def count_from(first: int) -> None:
    """For processes side by side: each has numbers of its own."""
    global _number
    with _lock:
        _number = itertools.count(first)


def fresh_id(record_type: RecordType) -> str:
    """All ids of a type have the same length."""
    return str(uuid.uuid4()) if record_type.uuid_ids else f"t{fresh_number():07}"


def absent(name: str) -> str:
    """As long as the name of a record, and that of none."""
    if UUID.search(name):
        return UUID.sub("/ffffffff-ffff-4fff-8fff-ffffffffffff", name)
    return re.sub(r"[^/]+$", lambda found: "z" * len(found[0]), name)


@dataclass
class Draft:
    """What is known of a valid record."""

    record_type: RecordType
    chosen: set[str]  # Columns that are filled.
    attempts: dict[str, int] = field(default_factory=dict)  # By path.
    dropped: set[str] = field(default_factory=set)  # Paths that nothing fits.
    tried: dict[str, int] = field(default_factory=dict)  # Paths, and how many values there are.


class Samples:
    """Of one tenant. `client` gives a client of a service that may do everything. Not thread-safe,
    but for `record` of what was drafted."""

    # Reasons and codes of refusals that pass.
    passing: tuple[str, ...] = ("REFERENCE_NOT_FOUND",)

    def __init__(self, catalog: Catalog, client: Callable[[str], Client]):
        self._catalog = catalog
        self._client = client
        self._whole: dict[str, Draft] = {}
        self._lean: dict[str, Draft] = {}
        self._names: dict[str, str] = {}
        self._changes: dict[str, list[str]] = {}
        # Types of which no record is there yet.
        self._in_work: set[str] = set()

    def prepare(self, *, operator: bool) -> None:
        """A record of each type that can be created, and all drafts; of those that are the operator's
        if it is his tenant."""
        for record_type in self._catalog.types.values():
            if self._catalog.rpc_of(record_type, Kind.CREATE) is not None \
                    and (operator or not self._catalog.is_operators(record_type)):
                self.name_of(record_type)
                self._draft(record_type, self._lean, lean=True)
                self._changes[record_type.type] = self._find_changes(record_type)

    def name_of(self, record_type: RecordType) -> str:
        """A live record, to which others refer."""
        if record_type.type not in self._names:
            self._in_work.add(record_type.type)
            self._draft(record_type, self._whole, lean=False)
            rpc = self._catalog.rpc_of(record_type, Kind.CREATE)
            created = patient(lambda: self._client(record_type.service).call(
                rpc.path, **self.creation(record_type, self.record(record_type))), self.passing)
            self._names[record_type.type] = record_of(created, record_type).name
            self._in_work.discard(record_type.type)
        return self._names[record_type.type]

    def parent_name(self, record_type: RecordType) -> str:
        """Of the records that are made; empty for a type at the top."""
        parent = self._catalog.parent_of(record_type)
        return self.name_of(parent) if parent is not None else ""

    def record(self, record_type: RecordType, *, lean: bool = False):
        """A new message with all fields that can be filled, or those alone that are needed."""
        draft = (self._lean if lean else self._whole)[record_type.type]
        message = message_class(record_type.message)()
        self._fill(message, draft, "")
        return message

    def creation(self, record_type: RecordType, record, record_id: str = "") -> dict:
        """Fields of a request of Create, or of an element of a batch."""
        fields = {record_type.singular: record, f"{record_type.singular}_id": record_id or fresh_id(record_type)}
        parent = self.parent_name(record_type)
        return fields | ({"parent": parent} if parent else {})

    def changes(self, record_type: RecordType) -> list[str]:
        """Columns to which `change` gives another value, the freest first."""
        return self._changes[record_type.type]

    def _find_changes(self, record_type: RecordType) -> list[str]:
        sample = self.record(record_type)
        free = [column.name for column in record_type.columns if column.is_settable
                and not (column.references or column.access or column.match_key)]
        texts = [name for name in free if _is_text(getattr(sample, name))]
        return texts + [name for name in free if _is_amount(sample, name)]

    def _draft(self, record_type: RecordType, drafts: dict[str, Draft], *, lean: bool) -> None:
        if record_type.type in drafts:
            return
        chosen = {column.name for column in record_type.columns if not column.output_only
                  and (column.required or not lean)}
        draft = Draft(record_type, chosen)
        drafts[record_type.type] = draft
        for _ in range(TRIALS):
            refused = self._try(record_type, lean)
            if refused is None:
                return
            self._mend(draft, refused)
        raise AssertionError(f"no valid record of {record_type.type} was found")

    def _try(self, record_type: RecordType, lean: bool) -> Refused | None:
        rpc = self._catalog.rpc_of(record_type, Kind.CREATE)
        fields = self.creation(record_type, self.record(record_type, lean=lean))
        try:
            patient(lambda: self._client(record_type.service).call(
                rpc.path, validate_only=True, **fields), self.passing)
        except grpc.RpcError as error:
            return Refused(error)
        return None

    def _mend(self, draft: Draft, refused: Refused) -> None:
        prefix = draft.record_type.singular + "."
        wrong = {INDEX.sub("", path).removeprefix(prefix) for path in refused.fields
                 if path.startswith(prefix)}
        assert wrong, refused
        for path in sorted(wrong):
            column = path.split(".")[0]
            if column not in draft.chosen:
                draft.chosen.add(column)
                continue
            # Of a value that was set as a whole the error names a part.
            while path not in draft.tried and path not in draft.dropped and "." in path:
                path = path.rpartition(".")[0]
            if path in draft.dropped:
                path = path.rpartition(".")[0] or path
            draft.attempts[path] = draft.attempts.get(path, 0) + 1
            if draft.attempts[path] >= draft.tried.get(path, 1):
                assert path, refused
                draft.dropped.add(path)

    def _fill(self, message, draft: Draft, prefix: str) -> None:
        known = {one.name: one for one in self._catalog.fields.get(message.DESCRIPTOR.full_name, ())}
        for descriptor in message.DESCRIPTOR.fields:
            path = f"{prefix}.{descriptor.name}" if prefix else descriptor.name
            if path in draft.dropped or (not prefix and descriptor.name not in draft.chosen):
                continue
            facts = known.get(descriptor.name, Field(descriptor.name))
            values = list(self._values(descriptor, facts, draft, path))
            if values:
                draft.tried[path] = len(values)
                _set(message, descriptor, values[draft.attempts.get(path, 0) % len(values)])

    def _values(self, descriptor, facts: Field, draft: Draft, path: str) -> Iterator:
        """What may be tried, in turn."""
        if facts.access:
            return  # Whose a record is, whoever makes it says.
        if facts.references:
            yield from self._references(draft.record_type, facts)
        elif facts.match_key:
            yield UNIQUE[facts.match_key].format(fresh_number())
        elif descriptor.type == descriptor.TYPE_STRING:
            yield from TEXTS
        elif descriptor.type == descriptor.TYPE_ENUM:
            yield from (value.number for value in descriptor.enum_type.values[1:])
        elif descriptor.type == descriptor.TYPE_BOOL:
            yield True
        elif descriptor.type == descriptor.TYPE_MESSAGE:
            yield from self._messages(descriptor, facts, draft, path)
        elif descriptor.type != descriptor.TYPE_BYTES:
            yield int(max(1, facts.least or 0))

    def _messages(self, descriptor, facts: Field, draft: Draft, path: str) -> Iterator:
        name = descriptor.message_type.full_name
        value = message_class(name)()
        if name in SPECIAL:
            yield message_class(name)(**SPECIAL[name])
            if name == TIMESTAMP:
                # Some must not lie in the past.
                yield message_class(name)(seconds=int(time.time()) + MONTH_S)
        elif name == "google.type.Money":
            yield message_class(name)(currency_code="USD", units=int(max(1, facts.least or 0)))
        elif not descriptor.message_type.GetOptions().map_entry:
            self._fill(value, draft, path)
            yield value

    def _references(self, record_type: RecordType, facts: Field) -> Iterator[str]:
        target = self._catalog.types.get(facts.references[0])
        # A type that refers to itself, over others too, begins without.
        if target is None or target.type in self._in_work:
            return
        name = self.name_of(target)
        yield name if target.service == record_type.service else full_name(target, name)


def full_name(record_type: RecordType, name: str) -> str:
    """As other services name the record."""
    return f"//{record_type.service}.lotura/{name}"


def record_of(answer, record_type: RecordType):
    """The record of an answer that may tell something beside it."""
    if answer.DESCRIPTOR.full_name == record_type.message:
        return answer
    return getattr(answer, record_type.singular)


def _is_text(value) -> bool:
    return isinstance(value, str) and value == TEXTS[0]


def _is_amount(record, column: str) -> bool:
    """A number, a sum of money or a time, which is set."""
    descriptor = record.DESCRIPTOR.fields_by_name[column]
    if descriptor.label == descriptor.LABEL_REPEATED:
        return False
    if descriptor.type == descriptor.TYPE_MESSAGE:
        return descriptor.message_type.full_name in AMOUNTS and record.HasField(column)
    return descriptor.cpp_type in (descriptor.CPPTYPE_INT32, descriptor.CPPTYPE_INT64)


def change(record, column: str) -> None:
    """Gives the field another value than a sample has."""
    descriptor = record.DESCRIPTOR.fields_by_name[column]
    number = fresh_number()
    if descriptor.type == descriptor.TYPE_STRING:
        setattr(record, column, f"Changed {number}")
    elif descriptor.type != descriptor.TYPE_MESSAGE:
        setattr(record, column, 2)
    elif descriptor.message_type.full_name == "google.type.Money":
        getattr(record, column).currency_code = "USD"
        getattr(record, column).units = 1 + number
    else:
        getattr(record, column).seconds = SECONDS + number


def _set(message, descriptor, value) -> None:
    is_message = descriptor.type == descriptor.TYPE_MESSAGE
    if descriptor.label == descriptor.LABEL_REPEATED:
        getattr(message, descriptor.name).append(value)
    elif is_message:
        getattr(message, descriptor.name).CopyFrom(value)
    else:
        setattr(message, descriptor.name, value)


def patient(call: Callable, passing: tuple[str, ...] = ("REFERENCE_NOT_FOUND",),
            seconds: float = ARRIVAL_S):
    """The answer to the call, once it is none that passes: by default, what it refers to in other
    services is known there."""
    last: list = []

    def settled() -> bool:
        last.clear()
        try:
            last.append(call())
            return True
        except grpc.RpcError as error:
            last.append(error)
            refused = Refused(error)
            return refused.reason not in passing and refused.code.name not in passing

    wait_until(settled, seconds)
    if isinstance(last[0], grpc.RpcError):
        raise last[0]
    return last[0]
