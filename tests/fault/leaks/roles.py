"""Random roles, each as directory takes it and as the model understands it."""

import random
from collections.abc import Sequence

from fault.leaks.conditions import EVERYTHING, random_condition
from fault.leaks.policy import ANY, Access, RecordRule, Role, Scope, Seen, supports
from fault.leaks.schema import RecordType, record_types, rpcs

SERVICES = ("accounts", "sales", "communications", "directory")
FURTHER = ("events.*", "access.explanations.read", "analytics.*", "sales.opportunities.setTimes")
SERVICE_SHARE, FURTHER_SHARE, TYPE_SHARE = 0.85, 0.7, 0.7
FILTER_SHARE, FIELDS_SHARE, FIELD_SHARE = 0.5, 0.65, 0.6
REST_SHARE = 0.5
EVERY_TYPE_SHARE = 0.06
BASE_SHARE = 0.2
ACCESSES = (Access.READ, Access.READ, Access.UPDATE, Access.UPDATE, Access.DELETE)
FILTER_MAX = 900
# Nobody writes all of these: who did would administer the tenant, and the last one who does cannot be
# changed as the hunt likes, nor anybody on whom that rests.
ADMINISTERED = (ANY, "directory.lotura/RoleAssignment")


class Roles:
    """Makes roles that directory accepts."""

    def __init__(self, chance: random.Random):
        self._chance = chance

    def make(self, name: str, bases: Sequence[str] = (), sets: Sequence[str] = ()) -> Role:
        """One that builds upon some of `bases`, or none, and has some of the sets."""
        chance = self._chance
        fields: dict[tuple[str, str], Seen] = {}
        rules: list[RecordRule] = []
        for type_ in record_types().values():
            if chance.random() < TYPE_SHARE:
                fields |= self._field_rules(type_)
                rules += self._record_rules(type_, fields)
        if chance.random() < EVERY_TYPE_SHARE:
            scope = chance.choice((Scope.ALL, Scope.OWN, Scope.TEAM, Scope.SHARED))
            rules.append(self._rule(ANY, scope))
            # Whoever reads everything is asked for as well.
            fields = {} if chance.random() < 0.5 else fields
        return Role(name=name, permissions=self.permissions(), record_rules=tuple(rules),
                    field_rules=fields,
                    base=chance.choice(bases) if bases and chance.random() < BASE_SHARE else "",
                    permission_sets=tuple(chance.sample(sets, min(len(sets), chance.randrange(2)))))

    def permissions(self) -> frozenset[str]:
        chance = self._chance
        found = set()
        for service in SERVICES:
            if chance.random() < SERVICE_SHARE:
                found.add(f"{service}.*")
                continue
            found |= {rpc.permission for rpc in rpcs().values()
                      if rpc.permission.startswith(f"{service}.") and chance.random() < 0.5}
        return frozenset(found | {one for one in FURTHER if chance.random() < FURTHER_SHARE})

    def _field_rules(self, type_: RecordType) -> dict[tuple[str, str], Seen]:
        chance = self._chance
        rules: dict[tuple[str, str], Seen] = {}
        if chance.random() >= FIELDS_SHARE:
            return rules
        for column in type_.columns.values():
            if chance.random() < FIELD_SHARE:
                kinds = [Seen.HIDDEN, Seen.READ, Seen.WRITE, Seen.WRITE]
                kinds += [Seen.MASKED, Seen.MASKED] if column.masking else []
                rules[type_.type, column.name] = chance.choice(kinds)
        if chance.random() < REST_SHARE:
            rules[type_.type, ANY] = chance.choice((Seen.HIDDEN, Seen.READ, Seen.WRITE))
        return rules

    def _record_rules(self, type_: RecordType, fields) -> list[RecordRule]:
        chance = self._chance
        scopes = [scope for scope in Scope if supports(type_, scope)]
        own = {name: seen for (record_type, name), seen in fields.items()
               if record_type == type_.type}
        others = own.get(ANY, Seen.HIDDEN if own else Seen.WRITE)
        read = [column for column in type_.columns.values()
                if own.get(column.name, others) >= Seen.READ]
        rules = []
        for _ in range(chance.choice((1, 1, 2))):
            condition = EVERYTHING
            if chance.random() < FILTER_SHARE:
                condition = random_condition(chance, type_, read)
            if len(condition.text) > FILTER_MAX:
                condition = EVERYTHING
            rules.append(self._rule(type_.type, chance.choice(scopes), condition))
        return rules

    def _rule(self, record_type: str, scope: Scope, condition=EVERYTHING) -> RecordRule:
        everything = scope == Scope.ALL and condition == EVERYTHING
        accesses = (Access.READ,) if everything and record_type in ADMINISTERED else ACCESSES
        return RecordRule(record_type, scope, self._chance.choice(accesses), condition)


def as_fields(role: Role) -> dict:
    """The fields of the record that says the same."""
    return {"base_role": role.base, "permission_sets": list(role.permission_sets),
            "permissions": sorted(role.permissions),
            "record_rules": [{"record_type": rule.record_type, "scope": f"SCOPE_{rule.scope.name}",
                              "access": f"ACCESS_{rule.access.name}",
                              "filter": rule.condition.text} for rule in role.record_rules],
            "field_rules": [{"record_type": type_, "field": field, "access": f"ACCESS_{seen.name}"}
                            for (type_, field), seen in role.field_rules.items()]}
