"""The same look at what comes over a stream of events."""

from collections.abc import Iterator

from fault.leaks.detector import Detector, Leak, Look, Sent
from fault.leaks.ledger import Ledger, State, set_columns
from fault.leaks.policy import Access, Seen
from kit.api import message_class


class EventLook:
    """One look at an event, or at a record of a snapshot, that came over a stream."""

    def __init__(self, look: Look, ledger: Ledger, sent: Sent):
        self._look = look
        self._ledger = ledger
        self._sent = sent

    def event(self, event) -> Iterator[Leak]:
        change, name = event.change, event.subject
        after = self._ledger.at(name, change.version)
        before = self._ledger.at(name, change.version - 1) if change.version > 1 else None
        was_seen = before is not None and self._look.access(before) >= Access.READ
        is_seen = self._look.access(after) >= Access.READ
        if not was_seen and not is_seen:
            yield self._look.leak("event", f"that {name} became version {change.version}")
        if event.removed_from_view:
            if change.HasField("before") or change.HasField("after") or change.HasField("detail") \
                    or change.HasField("changed_fields"):
                yield self._look.leak("event", f"of {name}, which went out of his view, more than "
                                               "its name")
            return
        if not is_seen:
            yield self._look.leak("event", f"what became of {name}, which he may not read")
        yield from self._changed(change, name, after)
        yield from self._detail(change, name, [one for one in (before, after) if one is not None])
        yield from self._filtered(name, [one for one, seen in ((before, was_seen), (after, is_seen))
                                         if seen])
        if change.HasField("before") and not was_seen:
            yield self._look.leak("event", f"what {name} was before it came into his view")
        if change.HasField("before"):
            yield from self._state(change.before, before)
        if change.HasField("after"):
            yield from self._state(change.after, after)

    def snapshot(self, told) -> Iterator[Leak]:
        state = self._ledger.at(told.name, told.version)
        if self._look.access(state) < Access.READ:
            yield self._look.leak("record", f"that {told.name} is there")
        yield from self._state(told.state, state)

    def _state(self, told, state: State | None) -> Iterator[Leak]:
        if state is None:
            yield self._look.leak("event", "what was before there was anything")
            return
        record = message_class(state.type.message).FromString(told.plain + told.personal)
        if self._look.access(state) < Access.READ:
            for column in set_columns(record):
                yield self._look.leak("field", f"{column} of {state.name}, which he may not read")
            return
        for leak in self._look.fields(record, state):
            # What a filter found may have been the other one of the two states.
            if leak.kind != "inferred" or not self._sent.replayed:
                yield leak

    def _changed(self, change, name: str, after: State) -> Iterator[Leak]:
        for path in change.changed_fields.paths:
            column = path.split(".")[0]
            if column in after.type.columns and self._look.sees(after, column) < Seen.READ:
                yield self._look.leak("changed field", f"that {column} of {name} changed")

    def _detail(self, change, name: str, states: list[State]) -> Iterator[Leak]:
        """The details of today tell of stages and of when they were entered."""
        if not change.HasField("detail"):
            return
        for state in states:
            for column in ("stage", "state", "stage_enter_time"):
                if self._look.sees(state, column) < Seen.READ:
                    yield self._look.leak("detail", f"{column} of {name}")

    def _filtered(self, name: str, seen: list[State]) -> Iterator[Leak]:
        if self._sent.asked and not any(
                all(self._look.sees(state, column) >= Seen.READ for column in self._sent.asked)
                for state in seen):
            yield self._look.leak("inferred", f"by the filter of a stream, of {name}")


def judge_event(detector: Detector, sent: Sent, answer, begin: float, end: float) -> list[Leak]:
    """The same for what came over a stream of events, decided between `begin` and `end`."""
    look = detector.look(sent, begin, end)
    leaks = list(look.canaries(answer.SerializeToString(), answer.resume_token.encode()))
    events = EventLook(look, detector.ledger, sent)
    if answer.HasField("event"):
        leaks += events.event(answer.event)
        detector.tally.records += not answer.event.removed_from_view
        detector.tally.others += answer.event.removed_from_view
    elif answer.HasField("record"):
        leaks += events.snapshot(answer.record)
        detector.tally.records += 1
    detector.count(look)
    return leaks

