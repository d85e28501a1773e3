"""The same look at what a timeline tells.

What a record is now decides about all that happened to it, and timelines are behind by a little.
"""

from collections.abc import Iterator

from fault.leaks.canary import keys_in
from fault.leaks.detector import Detector, Leak, Look, Sent, tokens_of
from fault.leaks.ledger import State, Unknown
from fault.leaks.policy import Access, Seen
from fault.leaks.replies import Reply
from fault.leaks.schema import ALWAYS_SEEN

# So long after a change a timeline may still be as it was before, while a hunt keeps all busy.
BEHIND_S = 30.0
ACTIVITIES = "//communications.lotura/"
# By which fields what happened to a record stands on the timelines of others, and where its time
# comes from, as services/communications/README.md says it.
PLACES = {"sales.lotura/Opportunity": ("organization",),
          "accounts.lotura/Affiliation": ("person", "organization")}
STAGE_TIME = "stage_enter_time"
CREATED, UPDATED, MOVED, REOPENED = 5, 6, 9, 10
OF_STAGES = (CREATED, MOVED, REOPENED)


def judge_timeline(detector: Detector, sent: Sent, reply: Reply) -> list[Leak]:
    """What the caller should not have been told."""
    if not reply.ok:
        return detector.judge(sent, reply)
    look = detector.look(sent, reply.begin, reply.end)
    leaks = list(look.canaries(b"", tokens_of(reply)))
    timeline = TimelineLook(detector, look, sent, reply)
    for entry in reply.answer.entries:
        leaks += timeline.entry(entry)
    detector.tally.records += len(reply.answer.entries)
    detector.tally.others += not reply.answer.entries
    detector.count(look)
    return leaks


def name_of(full_name: str) -> str:
    return full_name.split("/", 3)[3]


class TimelineLook:
    """One look at one page."""

    def __init__(self, detector: Detector, look: Look, sent: Sent, reply: Reply):
        self._detector = detector
        self._look = look
        self._sent = sent
        self._reply = reply

    def entry(self, entry) -> Iterator[Leak]:
        if not self._states(self._sent.request.record):
            yield self._look.leak("timeline", f"what stands on that of {self._sent.request.record}")
        if entry.source.startswith(ACTIVITIES):
            yield from self._activity(entry)
        else:
            yield from self._change(entry)

    def _states(self, full_name: str) -> list[State]:
        """Those that the caller may read, of those that may count."""
        name = name_of(full_name)
        states = self._detector.ledger.readable(name, self._reply.begin - BEHIND_S, self._reply.end)
        if not states:
            raise Unknown(name)
        permission = states[0].type.permission("read")
        permitted = any(policy.permits(self._sent.user, permission) for policy in
                        self._detector.possible(self._reply.begin, self._reply.end))
        return [state for state in states
                if permitted and self._look.access(state) >= Access.READ]

    def _sees(self, states: list[State], column: str) -> bool:
        return column in ALWAYS_SEEN or any(
            self._look.sees(state, column) >= Seen.READ for state in states)

    def _activity(self, entry) -> Iterator[Leak]:
        states = self._states(entry.source)
        yield from self._look.record(entry.activity)
        yield from self._fields(entry, states, ["kind", "start_time"], "subject")

    def _change(self, entry) -> Iterator[Leak]:
        states = self._states(entry.source)
        if not states:
            yield self._look.leak("timeline", f"that {entry.source} became version {entry.version}")
            return
        type_ = states[0].type
        told = [path.split(".")[0] for path in entry.changed_fields.paths]
        if entry.source != self._sent.request.record:
            told += PLACES.get(type_.type, ())
        if STAGE_TIME in type_.columns and entry.kind in OF_STAGES:
            told.append(STAGE_TIME)
        if entry.HasField("detail"):
            told += type_.columns
        yield from self._fields(entry, states, told, "display_name")

    def _fields(self, entry, states: list[State], told: list[str], names: str) -> Iterator[Leak]:
        for column in told:
            if not self._sees(states, column):
                yield self._look.leak("timeline", f"{column} of {entry.source}")
        if entry.source_display_name and not self._sees(states, names):
            yield self._look.leak("timeline", f"what {entry.source} is called")
        outside = type(entry)()
        outside.CopyFrom(entry)
        outside.ClearField("activity")
        yield from self._canaries(keys_in(outside.SerializeToString()), states)

    def _canaries(self, keys, states: list[State]) -> Iterator[Leak]:
        """Of former versions, too: of its own record those of fields that are seen now."""
        mine = {state.name for state in states}
        for key in keys - keys_in(self._sent.request.SerializeToString()):
            holders = self._detector.ledger.holders(key)
            if not any(self._sees(states, column) for state, column in holders
                       if state.name in mine):
                state, column = holders[0]
                yield self._look.leak("canary", f"{column} of {state.name}, on a timeline")
