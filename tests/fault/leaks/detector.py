"""Looks at everything that came back of a call for what its caller may not see.

A reply is judged once the ledger knows all that it names: `judge` raises Unknown until then.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fault.leaks import schema
from fault.leaks.canary import Key, keys_in, keys_sealed_in, world_of
from fault.leaks.ledger import (Ledger, PolicyLog, State, Unknown, is_set, set_columns, texts_of,
                                version_of)
from fault.leaks.policy import Access, Policy, Seen, Sight, together
from fault.leaks.replies import Reply, details_of

NAME = re.compile(r"[a-zA-Z]+/[a-z][a-z0-9-]*(?:/[a-zA-Z]+/[a-z][a-z0-9-]*)*")
# What a field of an error is called, which says nothing of a record.
LABEL = re.compile(r"(?m)^\s*\w+(?:: | \{)")
SERVICE = re.compile(r"//[a-z]+\.lotura/")
TOKENS = ("next_page_token", "resume_token")


@dataclass(frozen=True)
class Leak:
    """Something that was told to somebody who may not know it."""

    kind: str
    rpc: str
    path: str
    user: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.rpc} ({self.path}) told {self.user} {self.what}"


@dataclass(frozen=True)
class Sent:
    """A call: who asked what, and how it is to be judged."""

    rpc: schema.Rpc
    path: str
    user: str
    request: object
    # The fields that a filter or an order speaks of: what comes must be read in all of them.
    asked: frozenset[str] = frozenset()
    # The answer may be as old as it likes, as that of a repeated request is.
    replayed: bool = False
    # Nothing is written: the answer tells of what would be.
    tried_out: bool = False


@dataclass
class Tally:
    """What was judged so far."""

    records: int = 0
    errors: int = 0
    others: int = 0  # Answers without a record, and events that tell of a removal.
    # By type and field: how often it was kept from somebody, of a record that has it.
    hidden: Counter = field(default_factory=Counter)
    shown: Counter = field(default_factory=Counter)
    # What a role certainly shows and was not there.
    withheld: Counter = field(default_factory=Counter)


def mask_email(address: str) -> str:
    """As docs/access.md has it."""
    return f"{address[:1]}***{address[address.rfind('@'):]}"


def mask_phone(number: str) -> str:
    return f"***{number[-2:]}"


def masked(message, column: schema.Column):
    """What the field looks like, masked."""
    value = getattr(message, column.name)
    if column.masking == "EMAIL":
        return mask_email(value) if isinstance(value, str) else [mask_email(one) for one in value]
    if column.masking == "PHONE":
        return [type(one)(number=mask_phone(one.number), label=one.label) for one in value]
    return None


def records_in(message) -> Iterator:
    """Every record in the answer, at whichever depth."""
    if message.DESCRIPTOR.full_name in schema.by_message():
        yield message
        return
    for field_, value in message.ListFields():
        if field_.message_type is None or field_.message_type.full_name.startswith("google."):
            continue
        for part in value if field_.label == field_.LABEL_REPEATED else (value,):
            yield from records_in(part)


class Detector:
    """Judges the replies to the callers of one tenant. Used by one thread at a time."""

    def __init__(self, world: int, ledger: Ledger, policies: PolicyLog):
        self.tally = Tally()
        self.world = world
        self.ledger = ledger
        self._policies = policies

    def judge(self, sent: Sent, reply: Reply) -> list[Leak]:
        """What the caller should not have been told."""
        look = self.look(sent, reply.begin, reply.end)
        leaks = list(look.canaries(reply.raw, tokens_of(reply)))
        if reply.ok:
            leaks += self._answer(look, reply.answer)
        else:
            leaks += look.error(reply.text, reply.details)
            self.tally.errors += 1
        self.count(look)
        return leaks

    def _answer(self, look: "Look", answer) -> list[Leak]:
        found, leaks = 0, []
        for record in records_in(answer):
            leaks += look.trial(record) if look.sent.tried_out else look.record(record)
            found += 1
        if answer.DESCRIPTOR.full_name == "lotura.type.v1.ImportResult":
            for row in answer.rows:
                found += 1
                leaks += look.error(row.error.message, details_of(row.error.SerializeToString()))
        self.tally.records += found
        self.tally.others += found == 0
        return leaks

    def count(self, look: "Look") -> None:
        """A look that came to its end."""
        self.tally.hidden += look.hidden
        self.tally.shown += look.shown
        self.tally.withheld += look.withheld

    def look(self, sent: Sent, begin: float, end: float) -> "Look":
        return Look(self, sent, begin, end)

    def possible(self, begin: float, end: float) -> list[Policy]:
        return self._policies.possible(begin, end)

    def is_certain(self, begin: float, end: float) -> bool:
        return self._policies.certain(begin, end) is not None


def tokens_of(reply: Reply) -> bytes:
    """What is sealed and for nobody to read."""
    parts = [] if reply.answer is None else [
        getattr(reply.answer, name) for name in TOKENS
        if name in reply.answer.DESCRIPTOR.fields_by_name]
    parts += [value for detail in reply.details
              if detail.DESCRIPTOR.full_name == "google.rpc.ErrorInfo"
              for value in detail.metadata.values()]
    return " ".join(parts).encode()


class Look:
    """One look at what one caller was told in one span of time."""

    def __init__(self, detector: Detector, sent: Sent, begin: float, end: float):
        self._detector = detector
        self._ledger = detector.ledger
        self.sent = sent
        self._begin, self._end = begin, end
        self._policies = detector.possible(begin, end)
        self._certain = detector.is_certain(begin, end)
        self._sights: dict[int, Sight] = {}
        self.hidden: Counter = Counter()
        self.shown: Counter = Counter()
        self.withheld: Counter = Counter()
        self._said = sent.request.SerializeToString()

    def leak(self, kind: str, what: str) -> Leak:
        return Leak(kind, self.sent.rpc.name, self.sent.path, self.sent.user, what)

    def sight(self, state: State) -> Sight:
        """All that one or another of the policies allows."""
        found = self._sights.get(id(state))
        if found is None:
            found = together([policy.sight(self.sent.user, state) for policy in self._policies])
            self._sights[id(state)] = found
        return found

    def access(self, state: State) -> Access:
        return self.sight(state).access

    def sees(self, state: State, column: str) -> Seen:
        sight = self.sight(state)
        return sight.of(column) if sight.access >= Access.READ else Seen.HIDDEN

    def canaries(self, raw: bytes, tokens: bytes) -> Iterator[Leak]:
        said = keys_in(self._said)
        for key in (keys_in(raw) | keys_sealed_in(tokens)) - said:
            if world_of(key) != self._detector.world:
                yield self.leak("another tenant", f"the canary {key}")
            elif not self._may_hold(key):
                state, column = self._ledger.holders(key)[0]
                yield self.leak("canary", f"{column} of {state.name}, version {state.version}")

    def _may_hold(self, key: Key) -> bool:
        return any(self.sees(state, column) >= Seen.READ
                   for state, column in self._ledger.holders(key)
                   if self.sent.replayed or state.may_be_read(self._begin, self._end))

    def record(self, record) -> Iterator[Leak]:
        """What is told of a record that was read, or of one that was written."""
        state = self._ledger.at(record.name, version_of(record.etag))
        if self.access(state) < Access.READ:
            # What became of a record that he has just given away is told by its name alone.
            if not self.sent.rpc.writes:
                yield self.leak("record", f"that {record.name} is there")
            for column in set_columns(record):
                yield self.leak("field", f"{column} of {record.name}, which he may not read")
            return
        if not self.sent.replayed and not state.may_be_read(self._begin, self._end):
            yield self.leak("stale", f"version {state.version} of {record.name}, replaced "
                                     f"{self._begin - state.until:.3f} s before he asked")
        yield from self.fields(record, state)

    def fields(self, record, state: State) -> Iterator[Leak]:
        for column in state.type.columns.values():
            seen = self.sees(state, column.name)
            if is_set(state.message, column.name):
                counts = self.shown if seen >= Seen.READ else self.hidden
                counts[f"{state.type.type} {column.name}"] += 1
            if column.name in self.sent.asked and seen < Seen.READ:
                yield self.leak("inferred", f"by a filter or an order, of the {column.name} of "
                                            f"{record.name}")
            if not is_set(record, column.name):
                if self._certain and seen >= Seen.READ and is_set(state.message, column.name):
                    self.withheld[f"{state.type.type} {column.name}"] += 1
                continue
            if seen >= Seen.READ:
                continue
            what = f"{column.name} of {record.name}, version {state.version}"
            if seen is Seen.HIDDEN:
                yield self.leak("field", what)
            elif _differs(record, column, state.message):
                yield self.leak("mask", what)
        if len(record.UnknownFields()) > 0:
            yield self.leak("field", f"something unknown of {record.name}")

    def trial(self, record) -> Iterator[Leak]:
        """What is told of a record as it would be: nothing of what it is and he does not see."""
        states = self._ledger.readable(record.name, self._begin, self._end)
        for column in set_columns(record) if states else ():
            told = getattr(record, column)
            if all(self.sees(state, column) < Seen.READ and is_set(state.message, column)
                   and told == getattr(state.message, column) for state in states):
                yield self.leak("field", f"{column} of {record.name}, tried out")

    def error(self, text: str, details: list) -> Iterator[Leak]:
        """What an error says of the records that were asked about."""
        told = "\n".join([text, *(LABEL.sub("", str(_without_paths(one))) for one in details)])
        said = str(self.sent.request)
        for state in self._asked_about(said):
            for column in set_columns(state.message):
                if self.sees(state, column) >= Seen.READ:
                    continue
                for words in texts_of(getattr(state.message, column)):
                    # Which types there are is no secret, and errors name them; nor is which
                    # permission the call needs, or who the caller is.
                    if words in schema.record_types() \
                            or words in (self.sent.rpc.permission, self.sent.user):
                        continue
                    if words not in said and _tells(told, words):
                        yield self.leak("error", f"{column} of {state.name}: '{words}'")
        yield from self._holder(details)
        yield from self._difference(details)

    def _asked_about(self, said: str) -> Iterable[State]:
        for name in set(NAME.findall(SERVICE.sub(" ", said))):
            yield from self._ledger.readable(name, self._begin, self._end)

    def _holder(self, details: list) -> Iterator[Leak]:
        """Who has a match key is told to those who may read the key of that record."""
        for detail in details:
            if detail.DESCRIPTOR.full_name != "google.rpc.ErrorInfo":
                continue
            holder = detail.metadata.get("holder")
            column = detail.metadata.get("field", "").rpartition(".")[2]
            if not holder:
                continue
            states = self._ledger.readable(holder, self._begin, self._end)
            if not states:
                raise Unknown(holder)
            if all(self.sees(state, column) < Seen.READ for state in states):
                yield self.leak("holder", f"that {holder} has this {column}")

    def _difference(self, details: list) -> Iterator[Leak]:
        """Where a record differs from what was sent is told of fields that he may read."""
        for detail in details:
            if detail.DESCRIPTOR.full_name != "google.rpc.ErrorInfo":
                continue
            name, paths = detail.metadata.get("name"), detail.metadata.get("fields")
            if not name or not paths:
                continue
            states = self._ledger.readable(name, self._begin, self._end)
            if not states:
                raise Unknown(name)
            for path in paths.split(","):
                if all(self.sees(state, path.partition(".")[0]) < Seen.READ for state in states):
                    yield self.leak("difference", f"that another {path} than his is in {name}")


def _without_paths(detail):
    """Which fields differ is judged apart."""
    if detail.DESCRIPTOR.full_name != "google.rpc.ErrorInfo" or "fields" not in detail.metadata:
        return detail
    rest = type(detail)()
    rest.CopyFrom(detail)
    del rest.metadata["fields"]
    return rest


def _tells(told: str, words: str) -> bool:
    if not words.isdigit():
        return words in told
    return re.search(rf"(?<![0-9a-z-]){words}(?![0-9a-z-])", told) is not None


def _differs(record, column: schema.Column, whole) -> bool:
    """Whether a masked field says anything else than the masked form."""
    told, allowed = getattr(record, column.name), masked(whole, column)
    if allowed is None:
        return True
    return told != allowed if isinstance(told, str) else list(told) != allowed
