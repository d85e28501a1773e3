"""What docs/access.md says of one call: an independent reading of it, without any code of the services."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from authorization.catalog import Catalog, Kind, RecordType
from authorization.roles import Access, FieldAccess, RecordRule, Role
from authorization.rows import Judgement, Row


class Relation(enum.Enum):
    """Whose a record is, seen from the caller."""

    OWN = "his own"
    TEAM = "of a member of his team"
    BELOW = "of a member of a team below"
    FOREIGN = "of somebody else"
    NOBODY = "of nobody"
    ANY = "of a type without an owner"
    READER = "of somebody else, shared with him to be read"
    EDITOR = "of somebody else, shared with him to be changed"
    TENANT = "of another tenant"
    ABSENT = "not there"


OWNED = (Relation.OWN, Relation.TEAM, Relation.BELOW, Relation.FOREIGN, Relation.NOBODY)
SHARED = (Relation.READER, Relation.EDITOR)
BEYOND = (Relation.TENANT, Relation.ABSENT)
SCOPES = {
    "SCOPE_ALL": {*OWNED, *SHARED, Relation.ANY},
    "SCOPE_OWN": {Relation.OWN},
    "SCOPE_TEAM": {Relation.OWN, Relation.TEAM},
    "SCOPE_TEAM_AND_BELOW": {Relation.OWN, Relation.TEAM, Relation.BELOW},
    "SCOPE_UNOWNED": {Relation.NOBODY},
    "SCOPE_SHARED": set(SHARED),
}
# The most that a share gives, whatever the rule says.
SHARE_MAX = {Relation.READER: Access.READ, Relation.EDITOR: Access.UPDATE}

# What reports tell of every record of a type, and of each opportunity that they count.
EVERY_RECORD = {"QueryFunnel": tuple(("sales.lotura/Stage", one)
                                     for one in ("display_name", "position", "kind")),
                "QueryRevenue": ()}
COUNTED_BY = {"QueryFunnel": ("owner", "pipeline", "stage", "stage_enter_time", "state",
                              "open_time", "amount", "close_amount"),
              "QueryRevenue": ("owner", "pipeline", "state", "close_date", "close_amount")}


class Outcome(enum.Enum):
    """What happens: its letter in the table, and what it is called there."""

    DONE = ("+", "is done")
    PARTLY = ("~", "is done, and what comes back is without fields, or has them masked")
    NOT_THERE = ("0", "as if it were not there: `NOT_FOUND`; in a list, a stream, a timeline or a report it is missing")
    PROTECTED = ("!", "`PERMISSION_DENIED` `RECORD_PROTECTED`: may be read, and not this")
    FIELD_PROTECTED = ("f", "`PERMISSION_DENIED` `FIELD_PROTECTED`: no field may be written that it takes")
    NO_REFERENCE = ("r", "`FAILED_PRECONDITION` `REFERENCE_NOT_FOUND`: what it refers to is not there, or as if it were not")
    NEEDS_ALL = ("a", "`PERMISSION_DENIED` `NEEDS_ALL_RECORDS`: only for those who may read every record that it tells of")
    REFUSED = ("-", "`PERMISSION_DENIED`: the role does not permit the call")

    @property
    def letter(self) -> str:
        return self.value[0]


@dataclass(frozen=True)
class View:
    """What a role allows with one record."""

    access: Access
    fields: dict[str, FieldAccess]

    def shown(self) -> Outcome:
        """An answer with such a record."""
        whole = all(field >= FieldAccess.READ for field in self.fields.values())
        return Outcome.DONE if whole else Outcome.PARTLY


def _reach(rule: RecordRule, relation: Relation) -> Access:
    """What the rule gives with a record."""
    if relation not in SCOPES[rule.scope]:
        return Access.NONE
    if rule.scope == "SCOPE_SHARED":
        return min(rule.access, SHARE_MAX[relation])
    return rule.access


def view(role: Role, record_type: RecordType, relation: Relation) -> View:
    most = Access.NONE
    fields = {column.name: FieldAccess.HIDDEN for column in record_type.columns}
    for rule in role.rules_of(record_type.type):
        access = _reach(rule, relation)
        if access is Access.NONE:
            continue
        most = max(most, access)
        # Who may only read a record writes none of its fields.
        limit = FieldAccess.WRITE if access >= Access.UPDATE else FieldAccess.READ
        for name, known in fields.items():
            fields[name] = max(known, min(role.field(record_type.type, name), limit))
    return View(most, fields)


def relations_of(row: Row) -> list[tuple[Relation, ...]]:
    """The records with which the row is tried, in the groups of its cells."""
    if row.about is None:
        return [(Relation.ANY,)]
    groups = [OWNED if row.about.has_owner else (Relation.ANY,)]
    if row.about.is_shared:
        groups.append(SHARED)
    return [*groups, BEYOND]


def expected(catalog: Catalog, row: Row, role: Role, relation: Relation) -> Outcome:
    if row.judgement is not Judgement.OPEN and not role.permits(row.rpc.permission):
        return Outcome.REFUSED
    if row.judgement is Judgement.CREATION:
        outcome = _creation(catalog, row.about, role, relation)
        return _import_row(outcome) if row.rpc.kind is Kind.IMPORT else outcome
    return _JUDGES[row.judgement](row, role, relation)


def _at_least(needed: Access, row: Row, role: Role, relation: Relation) -> Outcome:
    seen = view(role, row.about, relation)
    if seen.access is Access.NONE:
        return Outcome.NOT_THERE
    return seen.shown() if seen.access >= needed else Outcome.PROTECTED


def _read(row: Row, role: Role, relation: Relation) -> Outcome:
    return _at_least(Access.READ, row, role, relation)


def _update(row: Row, role: Role, relation: Relation) -> Outcome:
    outcome = _at_least(Access.UPDATE, row, role, relation)
    may = outcome in (Outcome.DONE, Outcome.PARTLY)
    return outcome if not may or writable(role, row.about, relation) else Outcome.FIELD_PROTECTED


def _deletion(row: Row, role: Role, relation: Relation) -> Outcome:
    return _at_least(Access.DELETE, row, role, relation)


def _verb(row: Row, role: Role, relation: Relation) -> Outcome:
    """Sets what it is for, whichever fields the caller may write."""
    outcome = _at_least(Access.UPDATE, row, role, relation)
    if outcome not in (Outcome.DONE, Outcome.PARTLY):
        return outcome
    return outcome if all(_refers(role, one) for one in row.refers_to) else Outcome.NO_REFERENCE


def _refers(role: Role, record_type: RecordType) -> bool:
    """Whether the role may refer to a record of the same service, which is nobody's."""
    relation = Relation.NOBODY if record_type.has_owner else Relation.ANY
    return view(role, record_type, relation).access >= Access.READ


def writable(role: Role, record_type: RecordType, relation: Relation) -> list[str]:
    """The columns that an update may change."""
    fields = view(role, record_type, relation).fields
    return [column.name for column in record_type.columns
            if column.is_settable and fields[column.name] is FieldAccess.WRITE]


def creator_relation(role: Role, record_type: RecordType, relation: Relation) -> Relation:
    """Whose the new record is. Without an owner it becomes the creator's, unless he may leave it
    so; whoever is not there, or not in this tenant, is somebody else."""
    if not record_type.has_owner:
        return relation if relation in SHARED else Relation.ANY
    if relation in BEYOND:
        return Relation.FOREIGN
    if relation is Relation.NOBODY and view(role, record_type, relation).access < Access.UPDATE:
        return Relation.OWN
    return relation


def _creation(catalog: Catalog, record_type: RecordType, role: Role, relation: Relation) -> Outcome:
    needed = list(catalog.needed_by(record_type))
    if any(not _refers(role, one) for one in needed):
        return Outcome.NO_REFERENCE
    # What is tried to stand elsewhere is the owner; in a type without one, what each of its records
    # refers to. Where there is neither it is the id, which is nobody's business.
    if relation in BEYOND and needed and not record_type.has_owner:
        return Outcome.NO_REFERENCE
    made = view(role, record_type, creator_relation(role, record_type, relation))
    if made.access < Access.UPDATE:
        return Outcome.PROTECTED
    if any(column.required and made.fields[column.name] is not FieldAccess.WRITE
           for column in record_type.columns):
        return Outcome.FIELD_PROTECTED
    if relation in BEYOND and record_type.has_owner:
        return Outcome.NO_REFERENCE
    return made.shown()


def _import_row(outcome: Outcome) -> Outcome:
    """The result of an import has the name of what was created, and none of its fields."""
    return Outcome.DONE if outcome is Outcome.PARTLY else outcome


def _query(row: Row, role: Role, relation: Relation) -> Outcome:
    if not role.reads_all:
        return Outcome.NEEDS_ALL
    return Outcome.NOT_THERE if relation in BEYOND else Outcome.DONE


def _report(row: Row, role: Role, relation: Relation) -> Outcome:
    """Of all that one owner has, which is asked for by a filter over owners."""
    others = (*EVERY_RECORD[row.rpc.method], ("directory.lotura/User", "display_name"))
    prefix = f"{row.about.service}.{row.about.collection}"
    if not role.permits(f"{prefix}.read") or not all(_reads_every(role, *one) for one in others):
        return Outcome.NEEDS_ALL
    seen = view(role, row.about, relation)
    tells = all(seen.fields[name] >= FieldAccess.READ for name in COUNTED_BY[row.rpc.method])
    return Outcome.DONE if seen.access >= Access.READ and tells else Outcome.NOT_THERE


def _reads_every(role: Role, record_type: str, field: str) -> bool:
    """Whether the field of every record of the type is read."""
    service, name = record_type.split(".lotura/")
    return role.permits(f"{service}.{name.lower()}s.read") \
        and role.field(record_type, field) >= FieldAccess.READ \
        and any(rule.scope == "SCOPE_ALL" and rule.access >= Access.READ
                for rule in role.rules_of(record_type))


def _explanation(row: Row, role: Role, relation: Relation) -> Outcome:
    """Also needs what getting a record of the type needs."""
    if not role.permits(row.read_permission):
        return Outcome.REFUSED
    seen = view(role, row.about, relation)
    return Outcome.DONE if seen.access >= Access.READ else Outcome.NOT_THERE


def _stream(row: Row, role: Role, relation: Relation) -> Outcome:
    """Also needs what getting a record of the type needs."""
    if not role.permits(row.read_permission):
        return Outcome.REFUSED
    return _read(row, role, relation)


def _timeline(row: Row, role: Role, relation: Relation) -> Outcome:
    """Of a record that was created. At the time of its stage: who does not see that is not told."""
    seen = view(role, row.about, relation)
    tells = seen.access >= Access.READ and role.permits(row.read_permission)
    return Outcome.DONE if tells and seen.fields["stage_enter_time"] >= FieldAccess.READ \
        else Outcome.NOT_THERE


def _plain(_row: Row, _role: Role, _relation: Relation) -> Outcome:
    return Outcome.DONE


_JUDGES: dict[Judgement, Callable[[Row, Role, Relation], Outcome]] = {
    Judgement.READ: _read,
    Judgement.UPDATE: _update,
    Judgement.DELETION: _deletion,
    Judgement.VERB: _verb,
    Judgement.QUERY: _query,
    Judgement.REPORT: _report,
    Judgement.EXPLANATION: _explanation,
    Judgement.STREAM: _stream,
    Judgement.TIMELINE: _timeline,
    Judgement.PERMISSION: _plain,
    Judgement.OPEN: _plain,
}


def masked(column_masking: str, value: str) -> str:
    """An e-mail address or a telephone number as those see it who see a part of it."""
    if not value:
        return ""
    if column_masking == "EMAIL":
        return f"{value[0]}***{value[value.index('@'):]}"
    return f"***{value[-2:]}"
