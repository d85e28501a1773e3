"""Callers who write: with and without the right to it, again, with old etags, and in imports."""

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace

from fault.leaks import schema
from fault.leaks.detector import Leak, Sent
from fault.leaks.hunt import Hunt
from fault.leaks.ledger import State, bytes_of, set_columns
from fault.leaks.policy import Access, Policy, Seen
from fault.leaks.replies import Reply
from fault.leaks.schema import Rpc
from fault.leaks.settlement import movement

BATCH = (2, 5)
ROWS = (3, 12)
CAREFUL_SHARE = 0.7  # Those who ask for what they may do, as far as they can know.
# How often somebody moves an opportunity whose amount he does not see, if a few tries find one.
BLIND_SHARE, BLIND_TRIES = 0.3, 4
WHOLE_SHARE = 0.1
TRIAL_SHARE = 0.15
ETAGS = ('"v1"', '"v999999"', "nonsense")
# What rules make of other fields.
DERIVED = {("opportunity", "amount"), ("stage", "win_probability"), ("person", "display_name"),
           ("activity", "start_time")}
KEYS = {"person": "email", "organization": "domain", "product": "sku", "user": "email",
        "team": "external_id"}

States = Mapping[str, State]


def may_set(policy: Policy, user: str, state: State, columns) -> bool:
    """Whether the record may be updated, and each of these fields of it set."""
    sight = policy.sight(user, state)
    return sight.access >= Access.UPDATE and all(
        sight.fields[name] is Seen.WRITE for name in columns)


def changed(before: State, after: State) -> list[str]:
    """The fields that a caller has changed."""
    return [name for name, column in after.type.columns.items()
            if not column.output_only and (after.type.singular, name) not in DERIVED
            and bytes_of(before.message, name) != bytes_of(after.message, name)]


class Writers:
    """What callers ask who change something. Used by one thread."""

    def __init__(self, hunt: Hunt, chance: random.Random):
        self._hunt = hunt
        self._world = hunt.world
        self._chance = chance
        self._values = hunt.world.values(chance)
        self._ways: dict[str, Callable[[Rpc, str], None]] = {
            "Create": self.create, "BatchCreate": self.create_batch, "Update": self.update,
            "BatchUpdate": self.update_batch, "Delete": self.delete, "Undelete": self.undelete,
            "MoveOpportunity": self.move, "ReopenOpportunity": self.move,
            "Import": self.import_}

    def drives(self, kind: str) -> bool:
        return kind in self._ways

    def drive(self, rpc: Rpc, path: str) -> None:
        if path == "repeated request" and self._repeat(rpc):
            return
        self._ways[rpc.kind](rpc, path)

    def _repeat(self, rpc: Rpc) -> bool:
        """Once more what was done before, maybe under another policy."""
        done = [one for one in list(self._hunt.remembered) if one[0].rpc == rpc]
        if not done:
            return False
        sent, names = self._chance.choice(done)
        if rpc.kind == "Import":
            self._import(sent, list(names))
        else:
            self._hunt.write(sent, names, lambda policy, before, after: True)
        return True

    def _options(self, sent_id: bool = True) -> dict:
        tried = self._chance.random() < TRIAL_SHARE
        return {"validate_only": tried} | ({"request_id": str(uuid.uuid4())} if sent_id else {})

    def _sent(self, rpc: Rpc, path: str, user: str, /, **fields) -> Sent:
        # A repetition begins with something that can be repeated.
        path = "response" if path == "repeated request" else path
        return Sent(rpc, path, user, rpc.request(**fields),
                    tried_out=fields.get("validate_only", False))

    # Creating.

    def _new(self, rpc: Rpc, user: str, path: str) -> tuple[str, dict]:
        """The name of a new record, and the request of one."""
        type_ = rpc.type
        given = {"owner": f"//directory.lotura/{user}"} \
            if type_.owner is not None and self._chance.random() < 0.5 else {}
        fields = self._values.record(type_, **given)
        if self._chance.random() < CAREFUL_SHARE:
            fields = {name: value for name, value in fields.items()
                      if self._may_write(user, type_, name)}
        if path == "error":
            self._spoil(type_, fields)
        parent = self._parent(type_)
        id_ = self._world.new_id(type_)
        request = {type_.singular: fields, f"{type_.singular}_id": id_}
        if parent:
            request["parent"] = parent
        return "/".join(part for part in (parent, type_.collection, id_) if part), request

    def _may_write(self, user: str, type_: schema.RecordType, name: str) -> bool:
        return type_.columns[name].required or any(
            grant.rule.access >= Access.UPDATE and grant.fields[name] is Seen.WRITE
            for grant in self._world.policies.latest.grants(user, type_))

    def _parent(self, type_: schema.RecordType) -> str:
        if not type_.parent:
            return ""
        owner = schema.by_collection()[type_.parent.split("/")[0]]
        state = self._world.any_state(owner, self._chance, live=True)
        return state.name if state is not None else type_.parent.replace("-", "nothing")

    def _spoil(self, type_: schema.RecordType, fields: dict) -> None:
        """With somebody else's match key, or a reference to nothing, or without what it needs."""
        key = KEYS.get(type_.singular)
        other = self._world.any_state(type_, self._chance, live=True)
        if key and other is not None and self._chance.random() < 0.6:
            fields[key] = getattr(other.message, key) or fields.get(key, "")
        elif type_.own_references and self._chance.random() < 0.6:
            column = self._chance.choice(type_.own_references)
            if isinstance(fields.get(column.name), str) and fields[column.name]:
                fields[column.name] = self._world.absent_like(fields[column.name])
        elif fields:
            fields.pop(self._chance.choice(list(fields)))

    @staticmethod
    def _created(after: States, names: list[str], user: str, policy: Policy, requests) -> bool:
        """Whether the policy lets him create these, with the fields that he sent."""
        return all(may_set(policy, user, after[name], set_columns(record))
                   for name, record in zip(names, requests) if name in after)

    def create(self, rpc: Rpc, path: str) -> None:
        user = self._hunt.caller(self._chance)
        name, request = self._new(rpc, user, path)
        sent = self._sent(rpc, path, user, **request, **self._options())
        records = [getattr(sent.request, rpc.type.singular)]
        self._hunt.write(sent, [name], lambda policy, before, after: sent.tried_out or
                         self._created(after, [name], user, policy, _sent_fields(rpc, records)))

    def create_batch(self, rpc: Rpc, path: str) -> None:
        user = self._hunt.caller(self._chance)
        made = [self._new(rpc, user, path) for _ in range(self._chance.randrange(*BATCH))]
        within = {"parent": rpc.type.parent} if rpc.type.parent else {}
        sent = self._sent(rpc, path, user, requests=[one for _, one in made], **within,
                          **self._options())
        names = [name for name, _ in made]
        records = [getattr(one, rpc.type.singular) for one in sent.request.requests]
        self._hunt.write(sent, names, lambda policy, before, after: sent.tried_out or
                         self._created(after, names, user, policy, _sent_fields(rpc, records)))

    # Changing.

    def _target(self, rpc: Rpc, live: bool, **equal) -> State | None:
        for _ in range(20):
            state = self._world.any_state(rpc.type, self._chance, live=live)
            if state is None or state.name in self._world.of_policy:
                continue
            if all(getattr(state.message, name) == value for name, value in equal.items()):
                return state
        return None

    def _user(self, rpc: Rpc, path: str, access: Access, state: State) -> str:
        if path != "error" and self._chance.random() < CAREFUL_SHARE:
            return self._hunt.who_may(self._chance, access, state, rpc.permission)
        return self._hunt.caller(self._chance)

    def _change(self, rpc: Rpc, user: str, state: State, path: str) -> dict:
        """The request that changes some fields of the record."""
        type_ = rpc.type
        columns = self._values.changeable(type_)
        sight = self._world.policies.latest.sight(user, state)
        if self._chance.random() < CAREFUL_SHARE:
            columns = [one for one in columns if sight.fields[one.name] is Seen.WRITE] or columns
        columns = self._chance.sample(columns, min(len(columns), self._chance.randrange(1, 4)))
        record = {"name": state.name, **self._values.change(type_, columns)}
        if path == "error":
            self._spoil(type_, record)
            record["name"] = state.name
        if path == "etag":
            record["etag"] = self._chance.choice((state.message.etag, *ETAGS))
        record = {name: value for name, value in record.items() if value is not None}
        return {type_.singular: record, "update_mask": {"paths": [one.name for one in columns]}}

    def _whole(self, user: str, state: State, request: dict) -> dict:
        """The same under the mask of everything, with the rest as the caller has read it."""
        rpc = self._world.rpc("Get", state.type)
        reply = self._hunt.call(Sent(rpc, "response", user, rpc.request(name=state.name)))
        if not reply.ok:
            return request
        whole = state.type.new()
        whole.CopyFrom(reply.answer)
        patch = state.type.new(**request[state.type.singular])
        for name in request["update_mask"]["paths"]:
            whole.ClearField(name)
        whole.MergeFrom(patch)
        whole.etag = patch.etag
        return {state.type.singular: whole, "update_mask": {"paths": ["*"]}}

    def update(self, rpc: Rpc, path: str) -> None:
        state = self._target(rpc, live=True)
        if state is None:
            return
        user = self._user(rpc, path, Access.UPDATE, state)
        request = self._change(rpc, user, state, path)
        if self._chance.random() < WHOLE_SHARE:
            request = self._whole(user, state, request)
        sent = self._sent(rpc, path, user, **request, **self._options())
        self._hunt.write(sent, [state.name], _may_change(user, [state.name]))

    def update_batch(self, rpc: Rpc, path: str) -> None:
        states = {one.name: one for _ in range(self._chance.randrange(*BATCH))
                  if (one := self._target(rpc, live=True)) is not None}
        if not states:
            return
        first = next(iter(states.values()))
        user = self._user(rpc, path, Access.UPDATE, first)
        if path != "error" and self._chance.random() < CAREFUL_SHARE:
            states = {name: one for name, one in states.items()
                      if self._hunt.access(user, one) >= Access.UPDATE} or {first.name: first}
        within = {"parent": rpc.type.parent} if rpc.type.parent else {}
        requests = [self._change(rpc, user, one, path) for one in states.values()]
        sent = self._sent(rpc, path, user, requests=requests, **within, **self._options())
        self._hunt.write(sent, list(states), _may_change(user, list(states)))

    def delete(self, rpc: Rpc, path: str) -> None:
        self._by_name(rpc, path, live=path != "error")

    def undelete(self, rpc: Rpc, path: str) -> None:
        self._by_name(rpc, path, live=path == "error")

    def _by_name(self, rpc: Rpc, path: str, live: bool) -> None:
        state = self._target(rpc, live=live)
        if state is None:
            return
        user = self._user(rpc, path, Access.DELETE, state)
        etag = self._chance.choice((state.message.etag, *ETAGS)) if path == "etag" else ""
        sent = self._sent(rpc, path, user, name=state.name, etag=etag, **self._options())
        self._hunt.write(sent, [state.name], lambda policy, before, after: policy.sight(
            user, before[state.name]).access >= Access.DELETE)

    # Verbs.

    def move(self, rpc: Rpc, path: str) -> None:
        is_open = rpc.kind == "MoveOpportunity"
        states = [one for one in self._hunt.some(rpc.type, self._chance, 40)
                  if not one.deleted and (one.message.state == 1) == is_open]
        if not states:
            return
        state = self._chance.choice(states)
        user = self._user(rpc, path, Access.UPDATE, state)
        blind = self._blind(rpc, states) if is_open and self._chance.random() < BLIND_SHARE else None
        state, user = blind or (state, user)
        _, fields = movement(self._world, state, self._chance)
        if path == "error":
            fields |= self._wrong_move(state, is_open)
        elif blind is not None or self._chance.random() < 0.5:
            # What he pays then is the amount, which not everybody may see.
            fields.pop("close_amount", None)
        if path == "etag":
            fields["etag"] = self._chance.choice((state.message.etag, *ETAGS))
        sent = self._sent(rpc, path, user, **fields, **self._options())
        reply = self._hunt.write(sent, [state.name], lambda policy, before, after: policy.sight(
            user, before[state.name]).access >= Access.UPDATE)
        self._check_copy(sent, reply, state)

    def _blind(self, rpc: Rpc, states: list[State]) -> tuple[State, str] | None:
        """An opportunity with an amount, and who may move it and sees what the customer pays, but not
        the amount."""
        policy = self._world.policies.latest
        for state in states[:BLIND_TRIES]:
            for user in policy.users if state.message.HasField("amount") else ():
                sight = policy.sight(user, state)
                if sight.access >= Access.UPDATE and policy.permits(user, rpc.permission) \
                        and sight.of("amount") < Seen.READ <= sight.of("close_amount"):
                    return state, user
        return None

    def _wrong_move(self, state: State, is_open: bool) -> dict:
        """To another pipeline, to where it is, or at a time before it came there."""
        stages = [name for name in self._world.ledger.names(
            schema.record_types()["sales.lotura/Stage"])
                  if not name.startswith(state.message.pipeline + "/")]
        past = {"seconds": 1_000_000_000}
        ways = [{"stage": state.message.stage}, {"move_time" if is_open else "reopen_time": past}]
        ways += [{"stage": self._chance.choice(stages)}] if stages else []
        return self._chance.choice(ways)

    def _check_copy(self, sent: Sent, reply: Reply, before: State) -> None:
        """A hidden amount must not become what he then sees the customer pay."""
        if not reply.ok or sent.request.DESCRIPTOR.name != "MoveOpportunityRequest" \
                or sent.request.HasField("close_amount") or not before.message.HasField("amount"):
            return
        told = reply.answer.close_amount.units == before.message.amount.units
        # Of lines that he sees he knows the sum.
        columns = ["amount"] + (["lines"] if before.message.lines else [])
        if told and all(policy.sight(sent.user, before).of(column) < Seen.READ
                        for policy in self._hunt.possible(reply) for column in columns):
            self._hunt.found(Leak("copied", sent.rpc.name, sent.path, sent.user,
                                  f"amount of {before.name} as its close_amount"))

    # Imports.

    def import_(self, rpc: Rpc, path: str) -> None:
        user = self._hunt.caller(self._chance)
        made = [self._new(rpc, user, path if self._chance.random() < 0.4 else "")
                for _ in range(self._chance.randrange(*ROWS))]
        fields = {"import_id": str(uuid.uuid4()), "position": 0,
                  "requests": [one for _, one in made]}
        if path == "error" and self._chance.random() < 0.5:
            fields |= self._chance.choice(({"position": -1}, {"import_id": "nothing"}))
        sent = replace(self._sent(rpc, path, user, **fields),
                       path="import answer" if path == "repeated request" else path)
        self._import(sent, [name for name, _ in made])

    def _import(self, sent: Sent, names: list[str]) -> None:
        world = self._world
        records = [getattr(one, sent.rpc.type.singular) for one in sent.request.requests]
        with world.writing(names):
            replies = world.door.ask_stream(sent.rpc.service, sent.rpc.name, [sent.request],
                                            world.token(sent.user))
            after = world.settle(names, replies[0].begin) if replies else {}
        for reply in replies:
            self._hunt.check(sent, reply)
        if not replies or not replies[0].ok or sent.replayed:
            return
        if not any(self._created(after, names, sent.user, policy, _sent_fields(sent.rpc, records))
                   for policy in self._hunt.possible(replies[0])):
            self._hunt.found(Leak("written", sent.rpc.name, sent.path, sent.user,
                                  f"that it may create some of {', '.join(names)}"))
        self._hunt.remembered.append((replace(sent, path="repeated request", replayed=True),
                                      tuple(names)))


def _sent_fields(rpc: Rpc, records: list) -> list:
    """What of the records counts as sent: the engine clears what it decides itself."""
    cleared = []
    for record in records:
        copy = rpc.type.new()
        copy.CopyFrom(record)
        for column in rpc.type.columns.values():
            if column.output_only:
                copy.ClearField(column.name)
        cleared.append(copy)
    return cleared


def _may_change(user: str, names: list[str]):
    """Whether a policy lets him do to these records what became of them."""
    def may(policy: Policy, before: States, after: States) -> bool:
        return all(may_set(policy, user, before[name],
                           changed(before[name], after[name]) if name in after else ())
                   for name in names)

    return may
