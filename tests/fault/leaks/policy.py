"""The model of who sees what, written from docs/access.md and the comments of role.proto alone.

It shares nothing with the platform: conditions are functions, and teams are walked each time.
"""

import enum
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fault.leaks.conditions import EVERYTHING, Condition
from fault.leaks.schema import ALWAYS_SEEN, Column, RecordType, record_types

ANY = "*"
DIRECTORY = "//directory.lotura/"


class Access(enum.IntEnum):
    """With a record; each includes those before it."""

    NONE = 0
    READ = 1
    UPDATE = 2
    DELETE = 3


class Seen(enum.IntEnum):
    """Of a field, and what may be done with it; each includes those before it."""

    HIDDEN = 1
    MASKED = 2
    READ = 3
    WRITE = 4


class Scope(enum.IntEnum):
    """Which records a rule is about."""

    ALL = 1
    OWN = 2
    TEAM = 3
    TEAM_AND_BELOW = 4
    UNOWNED = 5
    SHARED = 6


def supports(type_: RecordType, scope: Scope) -> bool:
    """Whether a rule for the type may have the scope."""
    if scope is Scope.SHARED:
        return type_.readers is not None or type_.editors is not None
    return scope is Scope.ALL or type_.owner is not None


@dataclass(frozen=True)
class RecordRule:
    record_type: str
    scope: Scope
    access: Access
    condition: Condition = EVERYTHING


@dataclass(frozen=True)
class Role:
    name: str
    permissions: frozenset[str] = frozenset()
    record_rules: tuple[RecordRule, ...] = ()
    # By type and field; "*" is every field without a rule of its own.
    field_rules: Mapping[tuple[str, str], Seen] = field(default_factory=dict)
    base: str = ""
    permission_sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    role: str
    member: str
    record_types: frozenset[str] = frozenset()  # Empty: it counts for all.


@dataclass(frozen=True)
class Team:
    parent: str = ""
    manager: str = ""


@dataclass(frozen=True)
class User:
    team: str = ""
    suspended: bool = False


@dataclass(frozen=True)
class Sight:
    """What somebody may do with one version of one record."""

    access: Access
    fields: Mapping[str, Seen]

    def of(self, column: str) -> Seen:
        return Seen.READ if column in ALWAYS_SEEN else self.fields[column]

    @property
    def all_fields(self) -> bool:
        return all(seen >= Seen.READ for seen in self.fields.values())


def together(sights: list[Sight]) -> Sight:
    """What one or another of them allows."""
    first, *others = sights
    if not others:
        return first
    return Sight(max(sight.access for sight in sights),
                 {name: max(sight.fields[name] for sight in sights) for name in first.fields})


@dataclass(frozen=True)
class Grant:
    """A rule of a role that somebody has."""

    rule: RecordRule
    # Full names: one of them must be the owner's, or of those with whom a record is shared.
    names: frozenset[str]
    fields: Mapping[str, Seen]

    def allows(self, type_: RecordType, message) -> Access:
        """What may be done with the record, by this rule alone."""
        if not self.rule.condition.holds(message):
            return Access.NONE
        if self.rule.scope is Scope.SHARED:
            return min(self.rule.access, self._shared(type_, message))
        return self.rule.access if self._in_scope(type_, message) else Access.NONE

    def _in_scope(self, type_: RecordType, message) -> bool:
        if self.rule.scope is Scope.ALL:
            return True
        owner = getattr(message, type_.owner.name)
        return owner == "" if self.rule.scope is Scope.UNOWNED else owner in self.names

    def _shared(self, type_: RecordType, message) -> Access:
        """The most that a record is shared for."""
        if self._names_one_of(type_.editors, message):
            return Access.UPDATE
        return Access.READ if self._names_one_of(type_.readers, message) else Access.NONE

    def _names_one_of(self, column: Column | None, message) -> bool:
        return column is not None and any(name in self.names
                                          for name in getattr(message, column.name))


def _combine(allowed: list[tuple[Grant, Access]], type_: RecordType) -> Sight:
    """Each adds what it lets see and do."""
    access = Access.NONE
    fields = dict.fromkeys(type_.columns, Seen.HIDDEN)
    for grant, given in allowed:
        if given is Access.NONE:
            continue
        access = max(access, given)
        # Whoever may only read a record writes none of its fields.
        most = Seen.WRITE if given >= Access.UPDATE else Seen.READ
        for name, seen in grant.fields.items():
            fields[name] = max(fields[name], min(seen, most))
    return Sight(access, fields)


def covers(granted: str, permission: str) -> bool:
    """Whether "sales.*" permits "sales.opportunities.read"."""
    return granted == permission or granted == ANY or (
        granted.endswith(".*") and permission.startswith(granted[:-1]))


@dataclass(frozen=True, eq=False)
class Policy:
    """All that directory knows of who may do what, at one moment. Immutable."""

    users: Mapping[str, User] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    permission_sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    assignments: Mapping[str, Assignment] = field(default_factory=dict)
    # What was found before. `replace` does not take it along.
    _sights: dict = field(init=False, default_factory=dict)
    _combined: dict = field(init=False, default_factory=dict)
    _grants: dict = field(init=False, default_factory=dict)
    _permits: dict = field(init=False, default_factory=dict)

    def forget(self) -> None:
        """What was found can be found again."""
        self._sights.clear()

    # Who somebody is.

    def works(self, user: str) -> bool:
        return user in self.users and not self.users[user].suspended

    def _teams_of(self, user: str) -> set[str]:
        """His own, and those that he leads."""
        own = self.users[user].team
        led = {name for name, team in self.teams.items() if team.manager == user}
        return led | ({own} if own in self.teams else set())

    def _above(self, teams: set[str]) -> set[str]:
        """With those that they are parts of."""
        found = set(teams)
        while more := {self.teams[name].parent for name in found} & self.teams.keys() - found:
            found |= more
        return found

    def _below(self, teams: set[str]) -> set[str]:
        found = set(teams)
        while more := {name for name, team in self.teams.items() if team.parent in found} - found:
            found |= more
        return found

    def _members(self, teams: set[str]) -> frozenset[str]:
        return frozenset(DIRECTORY + name for name, user in self.users.items()
                         if user.team in teams)

    def _counts_as(self, user: str) -> set[str]:
        """What is given to one of these is given to him."""
        return {user} | self._above(self._teams_of(user))

    def _held(self, user: str) -> Iterator[Assignment]:
        names = self._counts_as(user)
        for assignment in self.assignments.values():
            if assignment.member in names and assignment.role in self.roles:
                yield assignment

    # What a role says together with those that it builds upon.

    def _chain(self, role: str) -> list[Role]:
        chain: list[str] = []
        while role in self.roles and role not in chain:
            chain.append(role)
            role = self.roles[role].base
        return [self.roles[name] for name in chain]

    def _fields(self, chain: list[Role], type_: RecordType) -> dict[str, Seen]:
        rules: dict[str, Seen] = {}
        for role in chain:  # The nearest first; what it says stands.
            for (record_type, name), seen in role.field_rules.items():
                if record_type == type_.type:
                    rules.setdefault(name, seen)
        others = rules.get(ANY, Seen.HIDDEN if rules else Seen.WRITE)
        return {name: rules.get(name, others) for name in type_.columns}

    def _permissions_of(self, chain: list[Role]) -> set[str]:
        found: set[str] = set()
        for role in chain:
            found |= role.permissions
            for name in role.permission_sets:
                found |= self.permission_sets.get(name, frozenset())
        return found

    # What somebody may do.

    def permits(self, user: str, permission: str) -> bool:
        key = (user, permission)
        if key not in self._permits:
            self._permits[key] = self._find_permission(user, permission)
        return self._permits[key]

    def _find_permission(self, user: str, permission: str) -> bool:
        if not self.works(user):
            return False
        prefix = permission.rpartition(".")[0]
        for assignment in self._held(user):
            counts = not assignment.record_types or prefix in {
                record_types()[name].permission("")[:-1] for name in assignment.record_types}
            if counts and any(covers(one, permission)
                              for one in self._permissions_of(self._chain(assignment.role))):
                return True
        return False

    def grants(self, user: str, type_: RecordType) -> list[Grant]:
        key = (user, type_.type)
        if key not in self._grants:
            self._grants[key] = list(self._find_grants(user, type_)) if self.works(user) else []
        return self._grants[key]

    def _find_grants(self, user: str, type_: RecordType) -> Iterator[Grant]:
        teams = self._teams_of(user)
        names = {Scope.OWN: frozenset({DIRECTORY + user}), Scope.TEAM: self._members(teams),
                 Scope.TEAM_AND_BELOW: self._members(self._below(teams)),
                 Scope.SHARED: frozenset(DIRECTORY + name for name in self._counts_as(user))}
        for assignment in self._held(user):
            if assignment.record_types and type_.type not in assignment.record_types:
                continue
            chain = self._chain(assignment.role)
            fields = self._fields(chain, type_)
            for rule in (rule for role in chain for rule in role.record_rules):
                if rule.record_type not in (ANY, type_.type):
                    continue
                if not supports(type_, rule.scope):
                    continue
                # A filter that speaks of what the role hides grants nothing.
                if any(fields.get(name, Seen.READ) < Seen.READ for name in rule.condition.columns):
                    continue
                yield Grant(rule, names.get(rule.scope, frozenset()), fields)

    def sight(self, user: str, state) -> Sight:
        """What the user may do with this version of a record."""
        key = (user, id(state))
        if key not in self._sights:
            # With the state, so that its id is nobody else's as long as this is kept.
            self._sights[key] = (self._find_sight(user, state.type, state.message), state)
        return self._sights[key][0]

    def _find_sight(self, user: str, type_: RecordType, message) -> Sight:
        allowed = self.allowed(user, type_, message)
        key = (user, type_.type, allowed)
        if key not in self._combined:
            self._combined[key] = _combine(list(zip(self.grants(user, type_), allowed)), type_)
        return self._combined[key]

    def allowed(self, user: str, type_: RecordType, message) -> tuple[Access, ...]:
        """What each of his grants lets him do with the record."""
        return tuple(grant.allows(type_, message) for grant in self.grants(user, type_))

    def hides_always(self, user: str, type_: RecordType, columns) -> bool:
        """Whether one of the fields may be read of no record that he may read: then no filter or
        order may name it."""
        grants = self.grants(user, type_)
        return bool(grants) and any(
            all(grant.fields.get(name, Seen.READ) < Seen.READ for grant in grants)
            for name in columns)

    @functools.cached_property
    def callers(self) -> list[str]:
        return [name for name in self.users if self.works(name)]
