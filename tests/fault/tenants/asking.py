"""One place of one RPC, asked with what is the tenant's own, another's, nobody's, and nothing; and
what is wrong with the answers."""

import random
import threading
import uuid
from collections import Counter
from dataclasses import dataclass, field

import grpc

from authorization.catalog import Catalog, Kind, Rpc
from devkit.layout import SERVICES
from kit.api import POOL

from fault.leaks.replies import Door, Reply, failed
from fault.tenants.canary import marks_in
from fault.tenants.places import Place
from fault.tenants.questions import (OF_LISTS, OF_REPETITION, REPEATED, Questions, Value, absent, is_done,
                                     random_id, same_kind, tampered)
from fault.tenants.settlement import Tenant

SUBSCRIBE = "Subscribe"
# They find enough for a second page if they are asked for everything.
SEARCHES, NARROWING = ("SearchReads", "SearchChanges"), ("record", "caller", "actor")
START_EARLIEST, START_TOKEN = 2, 3
CREDIT = 10_000
LIVE = 1  # Heartbeat.PHASE_LIVE
# What differs from answer to answer, whoever asks; and all times.
VOLATILE = ("etag", "resume_token", "next_page_token", "heartbeat", "token", "token_start")
TIMESTAMP = "google.protobuf.Timestamp"
TRIES = 3
STREAM_S = 20
# A pair of questions is alike only if nobody changes the tenant's records in between.
EXAMPLES = 40


@dataclass
class Found:
    """What a worker saw; the sum of several is what the trial saw."""

    calls: int = 0
    undecided: int = 0
    cells: Counter = field(default_factory=Counter)  # By RPC, place and value.
    # By RPC and place: what is another's and what is nobody's, when both were answered.
    compared: Counter = field(default_factory=Counter)
    own_ok: Counter = field(default_factory=Counter)  # By RPC: own questions that were answered.
    kinds: Counter = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def note(self, kind: str, text: str) -> None:
        self.kinds[kind] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{kind}: {text}"[:1500])

    def as_json(self) -> dict:
        return {"calls": self.calls, "undecided": self.undecided,
                "compared": [[*pair, count] for pair, count in self.compared.items()],
                "cells": [[*cell, count] for cell, count in self.cells.items()],
                "own_ok": dict(self.own_ok), "kinds": dict(self.kinds), "examples": self.examples}


@dataclass(frozen=True)
class Asked:
    """A question of a tenant, and the place in it that is tried."""

    rpc: Rpc
    place: Place | None
    tenant: Tenant
    own: object

    @property
    def is_done(self) -> bool:
        """Whether it is no mere trial: what makes a repetition known counts only then."""
        return is_done(self.rpc, self.place)


class Asker:
    """Asks as one tenant after the other. Used by one thread."""

    def __init__(self, catalog: Catalog, tenants: list[Tenant], door: Door, chance: random.Random):
        self._catalog, self._tenants, self._door, self._chance = catalog, tenants, door, chance
        self._questions = {one.number: Questions(catalog, one, chance) for one in tenants}
        self.found = Found()

    def ask(self, rpc: Rpc, place: Place, tenant: Tenant) -> None:
        """The four values of a place."""
        other = self._chance.choice([one for one in self._tenants if one is not tenant])
        own = self._questions[tenant.number].own(rpc, place)
        if place.field in OF_LISTS:
            self._give_token(rpc, place, tenant, own)
        asked = Asked(rpc, place, tenant, own)
        if self._send(asked, own, Value.OWN).ok:
            self.found.own_ok[rpc.path] += 1
        if self._compare(asked, other):
            self._ask_with(asked, "", Value.NULL)

    def whole(self, rpc: Rpc, tenant: Tenant) -> None:
        """An RPC without such a place."""
        own = self._questions[tenant.number].own(rpc)
        if self._send(Asked(rpc, None, tenant, own), own, Value.OWN).ok:
            self.found.own_ok[rpc.path] += 1

    def _compare(self, asked: "Asked", other: Tenant) -> bool:
        """Asks with what is another's and what is nobody's; whether that can be."""
        for _ in range(TRIES):
            foreign, nobody = self._others(asked, other)
            if not foreign:
                return False
            values = [(foreign, Value.FOREIGN), (nobody, Value.RANDOM)]
            self._chance.shuffle(values)
            pair = {kind: self._ask_with(asked, value, kind) for value, kind in values}
            one, two = pair[Value.FOREIGN], pair[Value.RANDOM]
            if not (one.decided and two.decided):
                self.found.undecided += 1
                continue
            self.found.compared[asked.rpc.path, asked.place.path] += 1
            if asked.is_done:
                same = (one.code, one.reason) == (two.code, two.reason)
            else:
                same = likeness(one, foreign) == likeness(two, nobody)
            if same:
                return True
        if one.decided and two.decided:
            self.found.note("unlike", f"{asked.rpc.path} {asked.place.path}: {foreign!r} is told as "
                            f"{shown(one)}, {nobody!r} as {shown(two)}")
        return True

    def _others(self, asked: "Asked", other: Tenant) -> tuple[str, str]:
        """What stands there in another tenant, and what stands nowhere."""
        rpc, place = asked.rpc, asked.place
        if asked.is_done:
            return self._repeated_by(rpc, place, other), str(uuid.uuid4())
        if place.field in OF_LISTS:
            theirs = self._questions[other.number].own(rpc)
            self._give_token(rpc, place, other, theirs)
            token = place.get(theirs)
            return (token, tampered(token, self._chance)) if token else ("", "")
        if place.field in OF_REPETITION:
            return str(uuid.uuid4()), str(uuid.uuid4())
        if place.field.endswith("_id"):
            taken = self._questions[other.number].name(rpc.type).rpartition("/")[2]
            return taken, random_id(taken, self._chance)
        foreign = same_kind(place.get(asked.own), self._catalog, other, self._chance)
        return foreign, absent(foreign, self._chance) if foreign else ""

    def _repeated_by(self, rpc: Rpc, place: Place, other: Tenant) -> str:
        """An id under which the other tenant has just done the same."""
        request = self._questions[other.number].own(rpc, place)
        self._send(Asked(rpc, place, other, request), request, Value.OWN)
        return place.get(request)

    def _give_token(self, rpc: Rpc, place: Place, tenant: Tenant, request) -> None:
        """Puts the token of a first page, or of the beginning of a stream, into the request."""
        place.set(request, "")
        for field in NARROWING if rpc.method in SEARCHES else ():
            if field in request.DESCRIPTOR.fields_by_name:
                request.ClearField(field)
        if rpc.method == SUBSCRIBE:
            request.subscription.start = START_EARLIEST
        reply = self._send(Asked(rpc, place, tenant, request), request, Value.OWN)
        if rpc.method == SUBSCRIBE:
            request.subscription.start = START_TOKEN
            place.set(request, reply.answer[-1].resume_token if reply.ok and reply.answer else "")
        elif reply.ok:
            place.set(request, reply.answer.next_page_token)

    def _ask_with(self, asked: "Asked", value: str, kind: Value) -> Reply:
        request = type(asked.own)()
        request.CopyFrom(asked.own)
        if asked.is_done:
            # Another record each time.
            request = self._questions[asked.tenant.number].own(asked.rpc, asked.place)
        asked.place.set(request, value)
        return self._send(asked, request, kind)

    def _send(self, asked: "Asked", request, kind: Value) -> Reply:
        rpc, tenant = asked.rpc, asked.tenant
        service = rpc.service if rpc.service in SERVICES else _service_of(request)
        if rpc.method == SUBSCRIBE:
            reply = self._stream(service, rpc.path, request, tenant.token)
        elif rpc.kind is Kind.IMPORT:
            reply = self._door.ask_stream(service, rpc.path, [request], tenant.token)[-1]
        else:
            reply = self._door.ask(service, rpc.path, request, tenant.token)
        self.found.calls += 1
        path = asked.place.path if asked.place is not None else ""
        self.found.cells[rpc.path, path, kind.value] += 1
        self.look(rpc, tenant, request, reply)
        return reply

    def look(self, rpc: Rpc, tenant: Tenant, request, reply: Reply) -> None:
        """Nothing of others may be told but what was asked with."""
        asked = marks_in(request.SerializeToString())
        told = marks_in(raw(reply)) - {tenant.number}
        # An answer tells nothing of others; an error may repeat the question.
        strange = told - asked if not reply.ok else told - (asked if _echoes(rpc) else set())
        if strange:
            self.found.note("told", f"{rpc.path}: tenant {tenant.number} is told of "
                            f"{sorted(strange)} by {shown(reply)}")

    def everything(self, rpc: Rpc, service: str, tenant: Tenant) -> Reply:
        """All that a stream says from the earliest event on."""
        request = self._questions[tenant.number].own(rpc)
        request.Clear()
        request.subscription.service, request.subscription.start = service, START_EARLIEST
        request.credit = CREDIT
        reply = self._stream(service, rpc.path, request, tenant.token)
        self.look(rpc, tenant, request, reply)
        return reply

    def _stream(self, service: str, method: str, request, token: str) -> Reply:
        """What comes until the stream says that nothing more is there."""
        begin, answers, over = 0.0, [], threading.Event()

        def requests():
            # Whoever has nothing more to say ends the stream.
            yield request
            over.wait(STREAM_S)

        call = self._door.converse(service, method, requests(), token)
        guard = threading.Timer(STREAM_S, call.cancel)
        guard.start()
        try:
            for answer in call:
                answers.append(answer)
                if answer.HasField("heartbeat") and answer.heartbeat.phase == LIVE:
                    break
            return Reply(begin, begin, answers)
        except grpc.RpcError as error:
            return failed(begin, error)
        finally:
            guard.cancel()
            over.set()
            call.cancel()


def _service_of(request) -> str:
    for holder in (request, getattr(request, "subscription", None)):
        if holder is not None and "service" in holder.DESCRIPTOR.fields_by_name and holder.service:
            return holder.service
    return "sales"


def _echoes(rpc: Rpc) -> bool:
    """Whether its answer holds what was written, whatever that names."""
    return rpc.kind in REPEATED


def raw(reply: Reply) -> bytes:
    if isinstance(reply.answer, list):
        return b"\n".join(one.SerializeToString() for one in reply.answer)
    return reply.raw


def likeness(reply: Reply, value: str) -> tuple:
    """All that was told but the name that was asked with, and what differs at any time."""
    forms = sorted({value, value.rpartition("/")[2], value.split(".lotura/")[-1]}, key=len,
                   reverse=True)

    def masked(content: bytes) -> bytes:
        for form in forms if value else ():
            content = content.replace(form.encode(), b"?" * len(form))
        return content

    if reply.ok:
        # How often a stream shows that it lives depends on how long the machine takes.
        answers = ([one for one in reply.answer if not one.HasField("heartbeat")]
                   if isinstance(reply.answer, list) else [reply.answer])
        content = [masked(steady(one).SerializeToString(deterministic=True)) for one in answers]
        return ("OK", [len(one) for one in content], content)
    details = reply.trailers.get("grpc-status-details-bin", b"")
    return (reply.code, len(reply.text), masked(reply.text.encode()), len(details), masked(details))


def steady(answer):
    kept = type(answer)()
    kept.CopyFrom(answer)
    _clear(kept)
    return kept


def _clear(message) -> None:
    for descriptor, value in message.ListFields():
        is_time = (descriptor.type == descriptor.TYPE_MESSAGE
                   and descriptor.message_type.full_name == TIMESTAMP)
        if descriptor.name in VOLATILE or is_time:
            message.ClearField(descriptor.name)
        elif descriptor.type == descriptor.TYPE_MESSAGE \
                and not descriptor.message_type.GetOptions().map_entry:
            for item in value if descriptor.label == descriptor.LABEL_REPEATED else [value]:
                _clear(item)


def shown(reply: Reply) -> str:
    if reply.ok:
        return f"OK {str(reply.answer)[:400]}"
    return f"{reply.code} {reply.reason} {reply.text[:200]}"


