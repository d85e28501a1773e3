"""Subscribers with narrow views: each event and each record of a snapshot is judged."""

import queue
import random
import threading
import time
from dataclasses import replace

import grpc

from fault.leaks import schema
from fault.leaks.conditions import random_condition
from fault.leaks.detector import Leak, Sent
from fault.leaks.hunt import Hunt
from fault.leaks.replies import failed

CREDIT = 10_000
LIFE_S = (4.0, 12.0)
SERVICES = ("directory", "accounts", "sales", "communications")
STARTS = {"event stream": "START_LATEST", "filter": "START_LATEST", "snapshot": "START_SNAPSHOT",
          "past": "START_EARLIEST", "error": "START_LATEST"}
CLOSE_S = 10
FILTER_SHARE = 0.3
# More than that lie in no buffer between the service and the subscriber for long.
BUFFERED_S = 2.0
# What reads the past in an error is not there, or too long ago.
WRONG = ({"start": 3, "resume_token": "bm90aGluZw"}, {"names": ["nobody/x"]},
         {"filter": "unknown = 1"}, {"service": "nothing"}, {"event_types": ["nothing"]})


class Stream:
    """One subscription, whose answers a thread of its own reads."""

    def __init__(self, hunt: Hunt, sent: Sent, service: str):
        self._hunt = hunt
        self._sent = sent
        self._requests: queue.Queue = queue.Queue()
        self._requests.put(sent.request)
        self._begin = time.monotonic()
        self._call = hunt.world.door.converse(service, sent.rpc.name,
                                              iter(self._requests.get, None),
                                              hunt.world.token(sent.user))
        self._policies = hunt.world.policies
        # What its filter is about, until it is in force.
        wanted = sent.request.subscription.resource_types
        self._type = schema.record_types()[wanted[0]] if sent.asked else None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def has_ended(self) -> bool:
        return not self._thread.is_alive()

    def _read(self) -> None:
        try:
            for answer in self._call:
                self._judge(answer, time.monotonic())
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.CANCELLED:
                self._hunt.check(self._sent, failed(self._begin, error))

    def _judge(self, answer, now: float) -> None:
        if answer.HasField("heartbeat"):
            self._check_open(now)
            return
        sent = self._sent
        begin = self._begin
        if answer.HasField("event"):
            sent = replace(sent, replayed=True)
            begin = max(begin, self._decided(answer.event, now))
        self._check_type(answer, begin, now)
        self._hunt.check_event(sent, answer, begin, now)
        self._requests.put(self._sent.rpc.request(credit=1))

    def _decided(self, event, now: float) -> float:
        """Since when it may have been decided what this subscriber is told: not before it was
        committed, nor long before it came, where nothing but new events comes."""
        if self._sent.path in ("past", "snapshot"):
            return self._begin
        age = time.time() - (event.time.seconds + event.time.nanos / 1e9)
        return now - max(age, 0) - BUFFERED_S

    def _check_open(self, now: float) -> None:
        """A subscription without the permission, or whose filter speaks of what is always hidden,
        is refused."""
        user, asked, type_ = self._sent.user, self._sent.asked, self._type
        policies = self._policies.possible(self._begin, now)
        if not any(policy.permits(user, self._sent.rpc.permission) for policy in policies):
            self._found("permission", "a stream")
        if type_ is not None and all(policy.hides_always(user, type_, asked)
                                     for policy in policies):
            self._found("hidden filter", f"a stream by {sorted(asked)}")
        self._type = None

    def _found(self, kind: str, what: str) -> None:
        self._hunt.found(Leak(kind, self._sent.rpc.name, self._sent.path, self._sent.user, what))

    def _check_type(self, answer, begin: float, now: float) -> None:
        """Which types he may follow is settled when the stream opens."""
        message = answer.record.resource_type or answer.event.change.resource_type
        permission = schema.by_message()[message].permission("read")
        if not any(policy.permits(self._sent.user, permission)
                   for policy in self._policies.possible(self._begin, now)):
            self._found("permission", f"of the type {message}")

    def close(self) -> None:
        self._requests.put(None)
        self._call.cancel()
        self._thread.join(CLOSE_S)


class Subscribers:
    """Keeps some streams open, each for a while. Used by one thread."""

    def __init__(self, hunt: Hunt, chance: random.Random, count: int):
        self._hunt = hunt
        self._chance = chance
        self._count = count
        self._open: list[tuple[Stream, float]] = []
        (self._rpc,) = (rpc for rpc in schema.rpcs().values() if rpc.kind == "Subscribe")

    def keep(self) -> None:
        """Closes those that lived long enough, and opens others."""
        now = time.monotonic()
        for stream, end in list(self._open):
            if stream.has_ended or now > end:
                stream.close()
                self._open.remove((stream, end))
        while len(self._open) < self._count:
            self._open.append((self._subscribe(), now + self._chance.uniform(*LIFE_S)))

    def _subscribe(self) -> Stream:
        _, path = self._hunt.coverage.next_stream(self._chance)
        service = self._chance.choice(SERVICES)
        subscription = {"service": service, "start": STARTS[path]}
        asked: frozenset[str] = frozenset()
        if path == "error":
            subscription |= self._chance.choice(WRONG)
        elif path == "filter" or self._chance.random() < FILTER_SHARE:
            type_ = self._chance.choice([one for one in schema.record_types().values()
                                         if one.service == service])
            condition = random_condition(self._chance, type_, type_.columns.values())
            asked = condition.columns
            subscription |= {"filter": condition.text, "resource_types": [type_.type]}
        sent = Sent(self._rpc, path, self._hunt.caller(self._chance),
                    self._rpc.request(credit=CREDIT, subscription=subscription), asked)
        return Stream(self._hunt, sent, service)

    def close(self) -> None:
        for stream, _ in self._open:
            stream.close()
