"""One hunt in one world: asks, judges what comes back, and keeps what was found."""

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from fault.leaks import schema
from fault.leaks.coverage import Coverage
from fault.leaks.detector import Detector, Leak, Sent
from fault.leaks.event_look import judge_event
from fault.leaks.ledger import State, Unknown
from fault.leaks.policy import Access, Policy
from fault.leaks.replies import Reply
from fault.leaks.report_look import judge_report
from fault.leaks.timeline_look import judge_timeline
from fault.leaks.world import World

# Until then whoever wrote something has told the ledger.
DEFERRED_S = 30
# By then whoever wrote what is counted, or what stands on a timeline, has told the ledger.
TOLD_S = 10.0
LEAKS_KEPT = 200
REMEMBERED = 400


@dataclass
class _Deferred:
    judge: Callable[[], list[Leak]]
    begin: float  # Not before.
    deadline: float


class Hunt:
    """Thread-safe."""

    def __init__(self, world: World, coverage: Coverage):
        self.world = world
        self.coverage = coverage
        self.leaks: list[Leak] = []
        self.kinds: Counter[str] = Counter()
        # Judged by nobody, since the ledger never heard of what they named.
        self.unjudged: list[str] = []
        self.undecided = 0
        self.asked_for = 0  # Single records that were asked for, and how many of them were there.
        self.seen = 0
        self.withheld: list[str] = []
        self.remembered: deque[tuple[Sent, tuple[str, ...]]] = deque(maxlen=REMEMBERED)
        self._deferred: deque[_Deferred] = deque()
        self._lock = threading.Lock()

    # Asking.

    def call(self, sent: Sent, service: str | None = None) -> Reply:
        """A call that writes nothing."""
        reply = self.world.ask(sent.rpc, sent.request, sent.user, service)
        self.check(sent, reply)
        return reply

    def timeline(self, sent: Sent) -> Reply:
        """The same of what tells of records as they were."""
        return self._ask(sent, judge_timeline)

    def report(self, sent: Sent) -> Reply:
        """The same of what tells of how many there are."""
        return self._ask(sent, judge_report)

    def _ask(self, sent: Sent, judge: Callable[[Detector, Sent, Reply], list[Leak]]) -> Reply:
        reply = self.world.ask(sent.rpc, sent.request, sent.user)
        self._count(sent, reply)
        self.judge(lambda: judge(self.world.detector, sent, reply), TOLD_S)
        return reply

    def write(self, sent: Sent, names: Iterable[str],
              may: Callable[[Policy, dict[str, State], dict[str, State]], bool]) -> Reply:
        """A call that writes these records; `may` says of a policy whether it allowed that, by the
        states before and after."""
        with self.world.writing(names):
            before = {name: state for name in names
                      if (state := self.world.ledger.current(name)) is not None}
            reply = self.world.ask(sent.rpc, sent.request, sent.user)
            after = before
            if not sent.tried_out and (reply.ok or not reply.decided):
                after = before | self.world.settle(names, reply.begin)
                for name in names:
                    if "Opportunity" in sent.rpc.kind and not sent.replayed:
                        self.world.settle_history(name, reply.begin)
        self.check(sent, reply)
        if reply.ok and not sent.replayed:
            if not any(may(policy, before, after) for policy in self.possible(reply)):
                self.found(Leak("written", sent.rpc.name, sent.path, sent.user,
                                f"that it may change {', '.join(names)}: {sent.request}"[:600]))
            if not sent.tried_out and sent.request.request_id:
                self.remembered.append((replace(sent, path="repeated request", replayed=True),
                                        tuple(names)))
        return reply

    def possible(self, reply: Reply) -> list[Policy]:
        return self.world.policies.possible(reply.begin, reply.end)

    # Judging.

    def check(self, sent: Sent, reply: Reply) -> None:
        """Judges the reply, now or as soon as the ledger knows of all that it names."""
        self._count(sent, reply)
        self.judge(lambda: self.world.detector.judge(sent, reply))

    def _count(self, sent: Sent, reply: Reply) -> None:
        """Whoever is answered has the permission."""
        if not reply.decided:
            self.undecided += 1
        else:
            self.coverage.count(sent.rpc.name, sent.path)
        if reply.ok and not any(policy.permits(sent.user, sent.rpc.permission)
                                for policy in self.possible(reply)):
            self.found(Leak("permission", sent.rpc.name, sent.path, sent.user, "an answer"))

    def check_event(self, sent: Sent, answer, begin: float, end: float) -> None:
        """The same of what came over a stream."""
        self.coverage.count(sent.rpc.name, sent.path, calls=0)
        self.judge(lambda: judge_event(self.world.detector, sent, answer, begin, end))

    def judge(self, judge: Callable[[], list[Leak]], after_s: float = 0.0) -> None:
        now = time.monotonic()
        self._judge(_Deferred(judge, now + after_s, now + after_s + DEFERRED_S))

    def _judge(self, one: _Deferred) -> None:
        if time.monotonic() < one.begin:
            self._deferred.append(one)
            return
        try:
            with self._lock:
                leaks = one.judge()
        except Unknown as unknown:
            if time.monotonic() < one.deadline:
                self._deferred.append(one)
            else:
                self.unjudged.append(str(unknown))
            return
        for leak in leaks:
            self.found(leak)

    def judge_deferred(self) -> None:
        """Those that wait now, once more."""
        for _ in range(len(self._deferred)):
            try:
                one = self._deferred.popleft()
            except IndexError:
                return
            self._judge(one)

    def finish(self) -> None:
        """Waits until nothing is deferred any longer."""
        while self._deferred:
            self.judge_deferred()
            threading.Event().wait(0.1)

    def found(self, leak: Leak) -> None:
        self.kinds[leak.kind] += 1
        if len(self.leaks) < LEAKS_KEPT:
            self.leaks.append(leak)

    # Choosing.

    def caller(self, chance: random.Random) -> str:
        return chance.choice(list(self.world.policies.latest.users))

    def access(self, user: str, state: State) -> Access:
        """By the latest policy."""
        return self.world.policies.latest.sight(user, state).access

    def who_may(self, chance: random.Random, access: Access, state: State,
                permission: str) -> str:
        """A caller who may do that with the record, if a few tries find one; or anybody."""
        policy = self.world.policies.latest
        users = list(policy.users)
        for user in chance.sample(users, len(users)):
            if policy.sight(user, state).access >= access and policy.permits(user, permission):
                return user
        return chance.choice(users)

    def some(self, type_: schema.RecordType, chance: random.Random, count: int) -> list[State]:
        names = self.world.ledger.names(type_)
        return [self.world.ledger.current(name)
                for name in chance.sample(names, min(count, len(names)))]
