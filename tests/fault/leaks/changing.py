"""Whoever changes policies now and then, and records all the time, while others call."""

import random
import threading
import time
from dataclasses import replace

from fault.leaks import schema
from fault.leaks.ledger import GRACE_S
from fault.leaks.policy import Assignment, Policy
from fault.leaks.roles import Roles, as_fields
from fault.leaks.settlement import Settlement, move
from fault.leaks.world import World

# A storm of policies, then calm, in which it is certain what each may see.
STORM_CHANGES = (2, 6)
STORM_PAUSE_S = 0.7
CALM_S = 14.0
RECORD_PAUSE_S = 0.25
EXPIRY_S = (2.0, 5.0)
OWNED = ("sales.lotura/Opportunity", "communications.lotura/Activity")
HANDOVER_SHARE, DELETE_SHARE, MOVE_SHARE = 0.5, 0.1, 0.2


class Changer:
    """Used by one thread."""

    def __init__(self, world: World, chance: random.Random):
        self._world = world
        self._chance = chance
        self._values = world.values(chance)
        self._roles = Roles(chance)
        self._expiring: list[tuple[float, str]] = []
        self.policies = 0
        self.records = 0

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for _ in range(self._chance.randrange(*STORM_CHANGES)):
                self.change_policy()
                self._change_records(STORM_PAUSE_S, stop)
            self._change_records(CALM_S + GRACE_S, stop)

    def _change_records(self, seconds: float, stop: threading.Event) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not stop.wait(RECORD_PAUSE_S):
            self._expire()
            self.change_record()

    # Records.

    def change_record(self) -> None:
        """A field, whose it is or with whom it is shared, a stage, or whether it is there."""
        types = [one for one in schema.record_types().values() if one.soft_delete]
        owned = [one for one in types if one.type in OWNED]
        type_ = self._chance.choice(owned if self._chance.random() < 0.5 else types)
        state = self._world.any_state(type_, self._chance, free=True)
        if state is None:
            return
        self.records += 1
        if type_.singular == "opportunity" and self._chance.random() < MOVE_SHARE:
            move(self._world, state.name, self._chance)
        elif state.deleted or self._chance.random() < DELETE_SHARE:
            self._write("Undelete" if state.deleted else "Delete", state.name, name=state.name)
        else:
            self._change_fields(type_, state.name)

    def _change_fields(self, type_: schema.RecordType, name: str) -> None:
        columns = self._values.changeable(type_)
        if type_.owner is not None and self._chance.random() < HANDOVER_SHARE:
            columns = [one for one in columns if one.whose]
        chosen = self._chance.sample(columns, min(len(columns), self._chance.randrange(1, 3)))
        fields = {one: value for one, value in self._values.change(type_, chosen).items()
                  if value is not None}
        if fields:
            self._write("Update", name, **{type_.singular: {"name": name, **fields}},
                        update_mask={"paths": list(fields)})

    def _write(self, kind: str, name: str, /, **fields) -> bool:
        """Whether it was done; what rules refuse is left as it is."""
        with self._world.writing([name]):
            reply = self._world.administer(self._world.rpc(kind, schema.type_of(name)), **fields)
            if reply.ok:
                self._world.ledger.note(reply.answer, reply.begin, time.monotonic())
        return reply.ok

    # Policies.

    def change_policy(self) -> None:
        ways = (self._rewrite_role, self._rewrite_role, self._rewrite_role, self._assign,
                self._assign, self._take_away, self._change_team, self._change_team,
                self._change_leader, self._suspend, self._end_soon)
        self._chance.choice(ways)()
        self.policies += 1

    @property
    def _policy(self) -> Policy:
        return self._world.policies.latest

    def _become(self, policy: Policy, kind: str, name: str, /, **fields) -> None:
        """The policy changes by a change of one record."""
        type_ = schema.type_of(name)
        if kind == "Update":
            fields = {type_.singular: {"name": name, **fields},
                      "update_mask": {"paths": list(fields)}}
        else:
            fields = {"name": name}
        with self._world.policies.change(policy):
            if not self._write(kind, name, **fields):
                raise AssertionError(f"{kind} of {name} was refused")

    def _rewrite_role(self) -> None:
        name = self._chance.choice(list(self._policy.roles))
        former = self._policy.roles[name]
        role = replace(self._roles.make(name), base=former.base,
                       permission_sets=former.permission_sets)
        self._become(replace(self._policy, roles={**self._policy.roles, name: role}), "Update",
                     name, **as_fields(role))

    def _assign(self) -> None:
        self._give({})

    def _end_soon(self) -> None:
        """A right that ends by itself."""
        end = int(time.time() + self._chance.uniform(*EXPIRY_S))
        at = time.monotonic() + end - time.time()
        self._world.policies.ends.append(at)
        name = self._give({"expire_time": {"seconds": end}})
        self._expiring.append((at, name))

    def _give(self, further: dict) -> str:
        type_ = schema.record_types()["directory.lotura/RoleAssignment"]
        member = self._chance.choice([*self._policy.users, *self._policy.teams])
        wanted = Settlement.random_assignment(self._policy, member, self._chance)
        id_ = self._world.new_id(type_)
        name = f"{type_.collection}/{id_}"
        given = {**self._policy.assignments, name: wanted}
        self._world.of_policy.add(name)
        with self._world.policies.change(replace(self._policy, assignments=given)):
            self._world.create(type_, [{"role": wanted.role, "member": wanted.member,
                                        "record_types": sorted(wanted.record_types), **further}],
                               ids=[id_])
        return name

    def _expire(self) -> None:
        """What has ended by itself has ended for the model."""
        now = time.monotonic()
        for at, name in [one for one in self._expiring if one[0] <= now]:
            self._expiring.remove((at, name))
            left = _without(self._policy.assignments, name)
            with self._world.policies.change(replace(self._policy, assignments=left)):
                pass

    def _take_away(self) -> None:
        name = self._chance.choice(list(self._policy.assignments))
        if any(name == expiring for _, expiring in self._expiring):
            return
        left = _without(self._policy.assignments, name)
        self._become(replace(self._policy, assignments=left), "Delete", name)

    def _change_team(self) -> None:
        name = self._chance.choice(list(self._policy.users))
        team = self._chance.choice(["", *self._policy.teams])
        user = replace(self._policy.users[name], team=team)
        self._become(replace(self._policy, users={**self._policy.users, name: user}), "Update",
                     name, team=team)

    def _change_leader(self) -> None:
        name = self._chance.choice(list(self._policy.teams))
        manager = self._chance.choice(["", *self._policy.users])
        team = replace(self._policy.teams[name], manager=manager)
        self._become(replace(self._policy, teams={**self._policy.teams, name: team}), "Update",
                     name, manager=manager)

    def _suspend(self) -> None:
        """Or take back; never more than a few at once."""
        resting = [name for name, user in self._policy.users.items() if user.suspended]
        name = self._chance.choice(resting or list(self._policy.users))
        user = replace(self._policy.users[name], suspended=not resting)
        self._become(replace(self._policy, users={**self._policy.users, name: user}), "Update",
                     name, suspended=user.suspended)


def _without(assignments: dict[str, Assignment], name: str) -> dict[str, Assignment]:
    return {other: one for other, one in assignments.items() if other != name}
