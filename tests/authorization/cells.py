"""Whether what was seen is what the table says, for one row and one caller."""

from dataclasses import dataclass

from authorization import model
from authorization.catalog import Kind
from authorization.model import Outcome, Relation
from authorization.roles import FieldAccess, Role
from authorization.rows import Judgement, Row
from ask import Asker, Seen
from kit.api import message_class
from kit.samples import change
from world import World

OUTCOMES = {
    ("NOT_FOUND", "NOT_FOUND"): Outcome.NOT_THERE,
    ("PERMISSION_DENIED", "RECORD_PROTECTED"): Outcome.PROTECTED,
    ("PERMISSION_DENIED", "FIELD_PROTECTED"): Outcome.FIELD_PROTECTED,
    ("PERMISSION_DENIED", "NEEDS_ALL_RECORDS"): Outcome.NEEDS_ALL,
    ("PERMISSION_DENIED", "PERMISSION_DENIED"): Outcome.REFUSED,
    ("FAILED_PRECONDITION", "REFERENCE_NOT_FOUND"): Outcome.NO_REFERENCE,
}
DONE = (Outcome.DONE, Outcome.PARTLY)
# What a service changes of records by itself, while they are compared.
TENDED = {"directory.lotura/Tenant": ("state", "etag", "update_time")}


@dataclass(frozen=True)
class Difference:
    """A cell that is not as it should be."""

    row: str
    caller: str
    relation: Relation
    what: str

    def __str__(self) -> str:
        return f"{self.row} as {self.caller}, {self.relation.value}: {self.what}"


def outcome_of(seen: Seen) -> Outcome | None:
    """Nothing for an answer that stands for none."""
    if seen.code == "OK":
        return Outcome.DONE if seen.present else Outcome.NOT_THERE
    return OUTCOMES.get((seen.code, seen.reason))


class Trial:
    """Tries all records of a cell, one after the other. `role` is what the caller should have."""

    def __init__(self, world: World, row: Row, caller: str, role: Role):
        self.row, self.caller, self.role = row, caller, role
        self.relations = [one for group in model.relations_of(row) for one in group]
        self._world = world
        self._asker = Asker(world, row, caller)

    def run(self) -> list[Difference]:
        expected = {one: model.expected(self._world.catalog, self.row, self.role, one)
                    for one in self.relations}
        seen: dict[Relation, Seen] = {}
        for relation in self.relations:
            if self.row.about is not None:
                self._asker.writable = model.writable(self.role, self.row.about, relation)
            seen[relation] = self._asker.ask(relation)
        found = [self._difference(relation, what) for relation in self.relations
                 for what in self._judge(relation, expected[relation], seen[relation])]
        found += self._unlike(expected, seen)
        return found + self._probe(expected)

    def _difference(self, relation: Relation, what: str) -> Difference:
        return Difference(f"{self.row.rpc.path} ({self.row.label})", self.caller, relation, what)

    def _judge(self, relation: Relation, expected: Outcome, seen: Seen) -> list[str]:
        observed = outcome_of(seen)
        same = observed is Outcome.DONE if expected in DONE else observed is expected
        if not same:
            return [f"'{expected.letter}' is expected; seen {seen.code} {seen.reason} "
                    f"{seen.message}{'' if seen.present or seen.code != 'OK' else ', without it'}"]
        if observed is not Outcome.DONE or seen.record is None:
            return []
        if self.row.judgement is Judgement.EXPLANATION:
            return self._explains(relation, seen)
        return self._shows(relation, seen)

    def _explains(self, relation: Relation, seen: Seen) -> list[str]:
        access = model.view(self.role, self.row.about, relation).access
        explained = seen.record.access
        return [] if explained == access else [f"{explained} is explained; it is {access}"]

    def _shows(self, relation: Relation, seen: Seen) -> list[str]:
        """The record that came back is the one that is there, without what is hidden."""
        record_type = self.row.about
        whole = self._world.whole(record_type, seen.record.name)
        found = []
        if self.row.judgement is Judgement.CREATION:
            found += self._owner_differs(relation, whole)
            relation = model.creator_relation(self.role, record_type, relation)
        shown = shown_of(model.view(self.role, record_type, relation), record_type, whole)
        if shown == seen.record:
            return found
        wanted, actual = ({field.name: value for field, value in one.ListFields()
                           if field.name not in TENDED.get(record_type.type, ())}
                          for one in (shown, seen.record))
        if wanted == actual:
            return found
        differing = sorted(name for name in wanted.keys() | actual.keys()
                           if wanted.get(name) != actual.get(name))
        return [*found, f"not shown as it should be: {differing}"]

    def _owner_differs(self, relation: Relation, whole) -> list[str]:
        column = self.row.about.column_for("OWNER")
        if column is None:
            return []
        relation = model.creator_relation(self.role, self.row.about, relation)
        owner = self._world.owner(self.caller, relation)
        wanted = self._world.in_service(self.row.about, owner) if owner else ""
        actual = getattr(whole, column.name)
        return [] if actual == wanted else [f"belongs to '{actual}' instead of '{wanted}'"]

    def _unlike(self, expected: dict[Relation, Outcome],
                seen: dict[Relation, Seen]) -> list[Difference]:
        """Errors that must tell as much as that of what is not there, to the byte."""
        absent = seen.get(Relation.ABSENT)
        if absent is None or absent.code == "OK":
            return []
        return [self._difference(relation, f"{one.likeness()} differs from {absent.likeness()}")
                for relation, one in seen.items()
                if expected[relation] is expected[Relation.ABSENT]
                and one.likeness() != absent.likeness()]

    # Beyond the cell: fields.

    def _probe(self, expected: dict[Relation, Outcome]) -> list[Difference]:
        if self.row.judgement is Judgement.UPDATE:
            done = [relation for relation, one in expected.items() if one in DONE]
            return self._write_what_is_kept(done[0]) if done else []
        listed = self.row.rpc.kind is Kind.LIST and Outcome.REFUSED not in expected.values()
        return self._ask_for_what_is_hidden() if listed else []

    def _write_what_is_kept(self, relation: Relation) -> list[Difference]:
        """A field that may not be written is refused: one that is read if it would change."""
        name = self._world.record(self.row, self.caller, relation)
        fields = model.view(self.role, self.row.about, relation).fields
        whole = self._world.whole(self.row.about, name)
        found = []
        for column in self.row.about.columns:
            if not column.is_settable or fields[column.name] is FieldAccess.WRITE:
                continue
            record = message_class(self.row.about.message)(name=name)
            if fields[column.name] is not FieldAccess.READ:
                copy_field(whole, record, column.name)
            elif column.name in self._world.samples.changes(self.row.about):
                change(record, column.name)
            else:
                continue
            seen = self._asker.write(record, column.name)
            if outcome_of(seen) is not Outcome.FIELD_PROTECTED:
                found.append(self._difference(
                    relation, f"writing {column.name}: seen {seen.code} {seen.reason}"))
        return found

    def _ask_for_what_is_hidden(self) -> list[Difference]:
        """What is read of no record cannot be filtered by."""
        views = [model.view(self.role, self.row.about, one) for one in self.relations]
        seen_by = [one for one in views if one.access]
        hidden = [column.name for column in self.row.about.columns
                  if seen_by and all(one.fields[column.name] < FieldAccess.READ for one in seen_by)]
        found = []
        for column in hidden:
            seen = self._asker.filter_by(column)
            if (seen.code, seen.reason) != ("INVALID_ARGUMENT", "FIELD_HIDDEN"):
                found.append(self._difference(
                    self.relations[0], f"filter by {column}: seen {seen.code} {seen.reason}"))
        return found


def shown_of(view: model.View, record_type, whole):
    """The record without what the view hides."""
    shown = type(whole)()
    shown.CopyFrom(whole)
    for column in record_type.columns:
        access = view.fields[column.name]
        if access is FieldAccess.HIDDEN:
            shown.ClearField(column.name)
        elif access is FieldAccess.MASKED:
            _mask(shown, column.name, column.masking)
    return shown


def _mask(record, name: str, masking: str) -> None:
    value = getattr(record, name)
    if isinstance(value, str):
        setattr(record, name, model.masked(masking, value))
        return
    for place, item in enumerate(value):
        if isinstance(item, str):
            value[place] = model.masked(masking, item)
        else:
            # Of a telephone its number is masked, and its label is left.
            item.number = model.masked(masking, item.number)
            item.ClearField("extension")


def copy_field(source, target, name: str) -> None:
    descriptor = source.DESCRIPTOR.fields_by_name[name]
    value = getattr(source, name)
    if descriptor.label == descriptor.LABEL_REPEATED:
        getattr(target, name).extend(value)
    elif descriptor.type == descriptor.TYPE_MESSAGE:
        getattr(target, name).CopyFrom(value)
    else:
        setattr(target, name, value)
