"""The built-in roles, as their file says them, each with all that it builds upon."""

import enum
import json
from dataclasses import dataclass
from pathlib import Path

from authorization.catalog import ANY_TYPE

FILE = "services/directory/built_in_roles.json"
ANY_FIELD = "*"


class Access(enum.IntEnum):
    """With a record. Each includes those before it."""

    NONE = 0
    READ = 1
    UPDATE = 2
    DELETE = 3


class FieldAccess(enum.IntEnum):
    """With a field of a record. Each includes those before it."""

    HIDDEN = 0
    MASKED = 1
    READ = 2
    WRITE = 3


class Unmodelled(Exception):
    """A role says something of which the model does not know what follows."""


@dataclass(frozen=True)
class RecordRule:
    record_type: str
    scope: str
    access: Access

    @classmethod
    def read(cls, rule: dict) -> "RecordRule":
        if rule.get("filter"):
            raise Unmodelled(f"a filter: {rule['filter']}")
        return cls(rule["record_type"], rule["scope"],
                   Access[rule["access"].removeprefix("ACCESS_")])


@dataclass(frozen=True)
class Role:
    id: str  # "auditor"
    display_name: str
    permissions: frozenset[str]
    record_rules: tuple[RecordRule, ...]
    # By type and field.
    field_rules: dict[str, dict[str, FieldAccess]]

    def permits(self, permission: str) -> bool:
        return any(permission == granted or granted.endswith("*")
                   and permission.startswith(granted[:-1]) for granted in self.permissions)

    def rules_of(self, record_type: str) -> list[RecordRule]:
        return [rule for rule in self.record_rules if rule.record_type in (record_type, ANY_TYPE)]

    def field(self, record_type: str, name: str) -> FieldAccess:
        rules = self.field_rules.get(record_type)
        if rules is None:
            return FieldAccess.WRITE
        return rules.get(name, rules.get(ANY_FIELD, FieldAccess.HIDDEN))

    @property
    def reads_all(self) -> bool:
        """Every record of every type, with all of its fields."""
        return not self.field_rules and any(
            rule.record_type == ANY_TYPE and rule.scope == "SCOPE_ALL" for rule in self.record_rules)


def messages(root: Path) -> list[dict]:
    """The records as the file holds them, in the order in which they can be created."""
    return json.loads((root / FILE).read_text(encoding="utf-8"))


def resolve(records: list[dict]) -> dict[str, Role]:
    """All roles by their ids, in the order of the records."""
    by_name = {record["name"]: record for record in records}
    return {record["name"].removeprefix("roles/"): _role(record, by_name) for record in records}


def _role(record: dict, by_name: dict[str, dict]) -> Role:
    chain = [record]
    while base := chain[-1].get("base_role"):
        if by_name[base] in chain:
            raise Unmodelled(f"{base} builds upon itself")
        chain.append(by_name[base])
    permissions: set[str] = set()
    rules: list[RecordRule] = []
    fields: dict[str, dict[str, FieldAccess]] = {}
    for part in chain:
        if part.get("permission_sets"):
            raise Unmodelled(f"permission sets of {part['name']}")
        permissions |= set(part.get("permissions", ()))
        rules += [RecordRule.read(rule) for rule in part.get("record_rules", ())]
        for rule in part.get("field_rules", ()):
            # What is there already is the rule of a role that is nearer.
            fields.setdefault(rule["record_type"], {}).setdefault(
                rule["field"], FieldAccess[rule["access"].removeprefix("ACCESS_")])
    return Role(record["name"].removeprefix("roles/"), record["display_name"],
                frozenset(permissions), tuple(rules), fields)
