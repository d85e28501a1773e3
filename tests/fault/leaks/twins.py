"""Pairs of questions whose answers must not differ, in a world where nobody else writes.

Absent: what is asked of a record that the caller may not see, and of one that is not there.
Unchanged: what is asked before and after a change of what the caller does not see.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from fault.leaks import schema
from fault.leaks.conditions import random_condition
from fault.leaks.detector import Leak, Sent
from fault.leaks.hunt import Hunt
from fault.leaks.ledger import GRACE_S, State
from fault.leaks.policy import Access, Seen
from fault.leaks.replies import Reply
from fault.leaks.roles import Roles, as_fields
from fault.leaks.schema import Rpc
from kit.api import DETAILS

ROUND_S = 25.0
PROBES = 4
TRIES = 30
NEW_ROLES = 5


@dataclass(frozen=True)
class Question:
    """What somebody asks, as a function of the name of a record."""

    rpc: Rpc
    user: str
    of: Callable[[str], object]
    service: str


def told(reply: Reply) -> tuple:
    """All that could tell two replies apart, but for what is new each time: a sealed token is as
    long as before."""
    if not reply.ok:
        return reply.code, reply.text, reply.trailers.get(DETAILS, b""), sorted(reply.trailers)
    answer = type(reply.answer)()
    answer.CopyFrom(reply.answer)
    token = ""
    if "next_page_token" in answer.DESCRIPTOR.fields_by_name:
        token, answer.next_page_token = answer.next_page_token, ""
    return "OK", answer.SerializeToString(deterministic=True), len(token), sorted(reply.trailers)


def renamed(parts: tuple, old: str, new: str) -> tuple:
    """The same of another record, whose name has the same size."""
    return tuple(part.replace(old.encode(), new.encode()) if isinstance(part, bytes) else
                 part.replace(old, new) if isinstance(part, str) else part for part in parts)


class Twins:
    """Used by one thread."""

    def __init__(self, hunt: Hunt, chance: random.Random):
        self._hunt = hunt
        self._world = hunt.world
        self._chance = chance
        self._values = hunt.world.values(chance)
        self._roles = Roles(chance)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._change_roles()
            stop.wait(GRACE_S)
            end = time.monotonic() + ROUND_S
            while time.monotonic() < end and not stop.is_set():
                name, path = self._hunt.coverage.next_apart(self._chance)
                rpc = schema.rpcs()[name]
                (self._absent if path == "absent" else self._unchanged)(rpc)
                self._hunt.judge_deferred()

    def _change_roles(self) -> None:
        """Some of the roles mean something else in the next round."""
        world, policy = self._world, self._world.policies.latest
        type_ = schema.record_types()["directory.lotura/Role"]
        for name in self._chance.sample(list(policy.roles), NEW_ROLES):
            former = world.policies.latest.roles[name]
            role = replace(self._roles.make(name), base=former.base,
                           permission_sets=former.permission_sets)
            fields = as_fields(role)
            changed = replace(world.policies.latest,
                              roles={**world.policies.latest.roles, name: role})
            with world.policies.change(changed):
                reply = world.administer(world.rpc("Update", type_), role={"name": name, **fields},
                                         update_mask={"paths": list(fields)})
                assert reply.ok, reply
                world.ledger.note(reply.answer, reply.begin, time.monotonic())

    # Absent.

    def _invisible(self, type_: schema.RecordType, user: str) -> State | None:
        for state in self._hunt.some(type_, self._chance, TRIES):
            if self._hunt.access(user, state) == Access.NONE:
                return state
        return None

    def _absent(self, rpc: Rpc) -> None:
        type_ = rpc.type or self._chance.choice(list(schema.record_types().values()))
        for user in self._chance.sample(list(self._world.policies.latest.users), 6):
            if not self._world.policies.latest.permits(user, rpc.permission):
                continue
            made = self._question(rpc, type_, user)
            if made is not None:
                self._compare_absent(*made)
                return

    def _compare_absent(self, question: Question, state: State) -> None:
        absent = self._world.absent_like(state.name)
        first, second = self._ask(question, state.name, "absent"), self._ask(question, absent,
                                                                             "absent")
        if not first.decided or not second.decided:
            return
        if renamed(told(first), state.name, absent) != told(second):
            self._hunt.found(Leak("absent", question.rpc.name, "absent", question.user,
                                  f"that {state.name} is there: {first.code} {first.text} "
                                  f"{first.reason}, and else {second.code} {second.text} "
                                  f"{second.reason}"))

    def _ask(self, question: Question, name: str, path: str) -> Reply:
        sent = Sent(question.rpc, path, question.user, question.of(name),
                    tried_out=getattr(question.of(name), "validate_only", False))
        if question.rpc.kind != "Import":
            return self._hunt.call(sent, question.service)
        replies = self._world.door.ask_stream(question.service, question.rpc.name, [sent.request],
                                              self._world.token(question.user))
        for reply in replies:
            self._hunt.check(sent, reply)
        return replies[0]

    def _question(self, rpc: Rpc, type_: schema.RecordType,
                  user: str) -> tuple[Question, State] | None:
        """About a record that the user does not see; None if he sees all."""
        ways = {"Get": self._get, "BatchGet": self._batch_get, "ExplainAccess": self._explain,
                "Update": self._update, "BatchUpdate": self._batch_update,
                "MoveOpportunity": self._move, "ReopenOpportunity": self._move}
        if rpc.kind in ("Create", "BatchCreate", "Import"):
            return self._create(rpc, type_, user)
        state = self._invisible(type_, user)
        if state is None:
            return None
        of = ways.get(rpc.kind, self._by_name)(rpc, type_, user, state)
        return Question(rpc, user, of, type_.service), state

    @staticmethod
    def _get(rpc, type_, user, state):
        return lambda name: rpc.request(name=name)

    def _batch_get(self, rpc, type_, user, state):
        seen = [one.name for one in self._hunt.some(type_, self._chance, 5)
                if self._hunt.access(user, one) >= Access.READ]
        within = {"parent": type_.parent} if type_.parent else {}
        return lambda name: rpc.request(names=[*seen, name], **within)

    @staticmethod
    def _explain(rpc, type_, user, state):
        return lambda name: rpc.request(user=user, name=f"//{type_.service}.lotura/{name}")

    def _by_name(self, rpc, type_, user, state):
        etag = self._chance.choice(("", state.message.etag, '"v77"'))
        return lambda name: rpc.request(name=name, etag=etag, validate_only=True)

    def _patch(self, type_: schema.RecordType, state: State) -> dict:
        columns = self._values.changeable(type_)
        columns = self._chance.sample(columns, min(2, len(columns)))
        etag = self._chance.choice(("", state.message.etag, '"v77"'))
        fields = {name: value for name, value in self._values.change(type_, columns).items()
                  if value is not None}
        return {"etag": etag, **fields}

    def _update(self, rpc, type_, user, state):
        fields = self._patch(type_, state)
        return lambda name: rpc.request(**{type_.singular: {"name": name, **fields}},
                                        validate_only=True)

    def _batch_update(self, rpc, type_, user, state):
        fields = self._patch(type_, state)
        within = {"parent": type_.parent} if type_.parent else {}
        return lambda name: rpc.request(requests=[{type_.singular: {"name": name, **fields}}],
                                        validate_only=True, **within)

    def _move(self, rpc, type_, user, state):
        stage = self._world.pick("sales.lotura/Stage", self._chance)
        return lambda name: rpc.request(name=name, stage=stage, validate_only=True)

    def _create(self, rpc: Rpc, type_: schema.RecordType,
                user: str) -> tuple[Question, State] | None:
        """With a reference to a record of the same service, or under one, that he does not see."""
        column = self._chance.choice([*type_.own_references, *([None] if type_.parent else [])])
        if column is None:
            of_type = schema.by_collection()[type_.parent.split("/")[0]]
        else:
            of_type = schema.record_types()[self._chance.choice(
                [one for one in column.references if one.startswith(f"{type_.service}.")])]
        state = self._invisible(of_type, user)
        if state is None:
            return None
        fields = self._values.record(type_)
        others = [one for one in fields if column is not None and one != column.name]
        fields = {one: fields[one] for one in fields if one not in others
                  or type_.columns[one].required or self._chance.random() < 0.3}
        id_ = self._world.new_id(type_)
        parent = self._world.pick(self._parent_type(type_), self._chance) if type_.parent else ""
        return Question(rpc, user, lambda name: self._creation(
            rpc, type_, fields, (column, name, parent, id_)), type_.service), state

    @staticmethod
    def _parent_type(type_: schema.RecordType) -> str:
        return schema.by_collection()[type_.parent.split("/")[0]].type

    @staticmethod
    def _creation(rpc: Rpc, type_: schema.RecordType, fields: dict, where: tuple):
        column, name, parent, id_ = where
        request = {f"{type_.singular}_id": id_}
        if column is None:
            parent = name
        else:
            repeated = type_.new.DESCRIPTOR.fields_by_name[column.name].label == 3
            fields = {**fields, column.name: [name] if repeated else name}
        request |= {type_.singular: fields} | ({"parent": parent} if parent else {})
        if rpc.kind == "Create":
            return rpc.request(**request, validate_only=True)
        if rpc.kind == "BatchCreate":
            within = {"parent": type_.parent} if type_.parent else {}
            return rpc.request(requests=[request], validate_only=True, **within)
        return rpc.request(import_id="7a1fe2c0-0000-4000-8000-000000000001", requests=[request],
                           validate_only=True)

    # Unchanged.

    def _unchanged(self, rpc: Rpc) -> None:
        type_ = rpc.type or self._chance.choice([
            one for one in schema.record_types().values() if one.soft_delete])
        users = [user for user in self._world.policies.latest.users
                 if self._world.policies.latest.permits(user, rpc.permission)]
        if not users:
            return
        user = self._chance.choice(users)
        secret = self._secret(type_, user)
        if secret is None:
            return
        state, after_state, fields = secret
        questions = [self._probe(rpc, user, state, after_state) for _ in range(PROBES)]
        before = [self._ask(one, state.name, "unchanged") for one in questions]
        if not self._rewrite(state, fields):
            return
        after = [self._ask(one, state.name, "unchanged") for one in questions]
        for question, first, second in zip(questions, before, after):
            if first.decided and second.decided \
                    and _steady(first, state.name) != _steady(second, state.name):
                self._hunt.found(Leak("unchanged", rpc.name, "unchanged", user,
                                      f"that {', '.join(fields)} of {state.name} changed: "
                                      f"{question.of(state.name)} {first.code} "
                                      f"{second.code}"[:500]))

    def _secret(self, type_: schema.RecordType, user: str) -> tuple[State, State, dict] | None:
        """A record, what it becomes, and the change, of which the user sees nothing."""
        policy = self._world.policies.latest
        for state in self._hunt.some(type_, self._chance, TRIES):
            if state.deleted or state.name in self._world.of_policy:
                continue
            sight = policy.sight(user, state)
            columns = [one for one in self._values.changeable(type_)
                       if sight.fields[one.name] is Seen.HIDDEN]
            if not columns:
                continue
            fields = {name: value for name, value in self._values.change(
                type_, self._chance.sample(columns, 1)).items() if value is not None}
            message = type_.new()
            message.CopyFrom(state.message)
            for name in fields:
                message.ClearField(name)
            message.MergeFrom(type_.new(**fields))
            after = State(type_, state.name, 0, message, 0.0)
            if fields and policy.sight(user, after) == sight:
                return state, after, fields
        return None

    def _as_before(self, state: State, after: State) -> list[str]:
        """Users for whom the same rules speak of the record after the change. Which do is told by
        an explanation, as docs/access.md says; of one who is not there nothing is."""
        policy = self._world.policies.latest
        return [user for user in policy.users
                if policy.allowed(user, state.type, state.message)
                == policy.allowed(user, state.type, after.message)] or ["users/nobody"]

    def _rewrite(self, state: State, fields: dict) -> bool:
        type_ = state.type
        with self._world.writing([state.name]):
            reply = self._world.administer(
                self._world.rpc("Update", type_), update_mask={"paths": list(fields)},
                **{type_.singular: {"name": state.name, **fields}})
            if reply.ok:
                self._world.ledger.note(reply.answer, reply.begin, time.monotonic())
        return reply.ok

    def _probe(self, rpc: Rpc, user: str, state: State, after: State) -> Question:
        type_ = state.type
        if rpc.kind == "ExplainAccess":
            about = self._chance.choice(self._as_before(state, after))
            return Question(rpc, user, lambda name: rpc.request(
                user=about, name=f"//{type_.service}.lotura/{name}"), type_.service)
        if rpc.kind == "Get":
            return Question(rpc, user, self._get(rpc, type_, user, state), type_.service)
        if rpc.kind == "BatchGet":
            return Question(rpc, user, self._batch_get(rpc, type_, user, state), type_.service)
        fields: dict = {"page_size": self._chance.choice((5, 1000))}
        if type_.parent:
            fields["parent"] = self._chance.choice((type_.parent, schema.parent_of(state.name)))
        if self._chance.random() < 0.7:
            fields["filter"] = random_condition(self._chance, type_, type_.columns.values()).text
        if not type_.parent or fields["parent"] != type_.parent:
            fields["order_by"] = self._chance.choice(("", *type_.orders))
        return Question(rpc, user, lambda name: rpc.request(**fields), type_.service)


def _steady(reply: Reply, name: str) -> tuple:
    """What was told, but for the version and the time of change of one record, which whoever sees
    the record sees."""
    if reply.ok:
        answer = type(reply.answer)()
        answer.CopyFrom(reply.answer)
        for record in _with_name(answer, name):
            record.etag = ""
            record.ClearField("update_time")
        reply = replace(reply, answer=answer)
    return told(reply)


def _with_name(message, name: str):
    if message.DESCRIPTOR.full_name in schema.by_message():
        return [message] if message.name == name else []
    plural = [value for field, value in message.ListFields()
              if field.message_type is not None
              and field.message_type.full_name in schema.by_message()]
    return [record for records in plural for record in records if record.name == name]
