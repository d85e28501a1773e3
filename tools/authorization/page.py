"""docs/authorization.md: the table, as a person reads it."""

from pathlib import Path

from devkit.page import table

from authorization import model, rows
from authorization.catalog import Catalog, RecordType
from authorization.model import Outcome, Relation
from authorization.roles import Access, FieldAccess, Role
from authorization.rows import Judgement, Row

PROSE = Path(__file__).parent / "authorization.md.in"
GROUPS = {model.OWNED: "record of a type with an owner", (Relation.ANY,): "any other record",
          model.SHARED: "record that is shared with him, of types that name readers or editors",
          model.BEYOND: "record that is none for him"}


def cell(catalog: Catalog, row: Row, role: Role) -> str:
    """Letters of all records in their groups, as short as they tell the same."""
    groups = ["".join(model.expected(catalog, row, role, relation).letter for relation in group)
              for group in model.relations_of(row)]
    if len(set("".join(groups))) == 1:
        return groups[0][0]
    return " ".join(group[0] if len(set(group)) == 1 else group for group in groups)


def _heading(service: str) -> str:
    return service if service.startswith("grpc.") else f"lotura.{service}.v1"


def _table(catalog: Catalog, roles: dict[str, Role]) -> str:
    """A section for each package."""
    sections: dict[str, list[tuple]] = {}
    for row in rows.rows(catalog):
        cells = [f"`{cell(catalog, row, role)}`" for role in roles.values()]
        mark = " (operator's)" if row.rpc.operator_only else ""
        sections.setdefault(row.rpc.service, []).append((f"`{row.label}`{mark}", *cells))
    header = ("RPC", *(role.display_name for role in roles.values()))
    return "\n\n".join(f"### {_heading(service)}\n\n{table(header, lines)}"
                       for service, lines in sections.items())


def _letters() -> str:
    return table(("", "what happens"), [(f"`{one.letter}`", one.value[1]) for one in Outcome])


def _judgements() -> str:
    kinds = {judgement: ", ".join(kind.value for kind, judged in rows.OF_KIND.items()
                                  if judged is judgement) for judgement in Judgement}
    declared = {judgement: ", ".join(f"`{path.split('/')[1]}`" for path, one in
                                     rows.DECLARED.items() if one.judgement is judgement)
                for judgement in Judgement}
    return table(("RPC", "asks, beyond the permission,"),
                 [(kinds[one] or declared[one] or "health, reflection", one.value)
                  for one in Judgement])


def _groups() -> str:
    return table(("place", "record", "whose it is, in this order"),
                 [(place, text, "; ".join(relation.value for relation in relations))
                  for place, (relations, text) in zip((1, 1, 2, "last"), GROUPS.items())])


def _records(catalog: Catalog, roles: dict[str, Role]) -> str:
    """What each role may do with records, by type."""
    def reach(role: Role, record_type: RecordType) -> str:
        words = [f"{rule.scope.removeprefix('SCOPE_').lower().replace('_', ' ')} "
                 f"{rule.access.name.lower()}" for rule in role.rules_of(record_type.type)
                 if rule.access is not Access.NONE]
        return ", ".join(words)

    return table(("", *(role.display_name for role in roles.values())),
                 [(f"`{one.type}`", *(reach(role, one) for role in roles.values()))
                  for one in catalog.types.values()])


def _fields(catalog: Catalog, roles: dict[str, Role]) -> str:
    """What is kept from whom of the records that he sees."""
    lines = []
    for record_type in catalog.types.values():
        for role in roles.values():
            if not role.rules_of(record_type.type) or record_type.type not in role.field_rules:
                continue
            by_access = {access: ", ".join(
                f"`{column.name}`" for column in record_type.columns
                if role.field(record_type.type, column.name) is access) for access in FieldAccess}
            lines.append((f"`{record_type.type}`", role.display_name, *by_access.values()))
    return table(("", "role", "hidden", "masked", "read", "written, where the record may be updated"),
                 lines)


def text(catalog: Catalog, roles: dict[str, Role]) -> str:
    sections = {"letters": _letters(), "judgements": _judgements(), "groups": _groups(),
                "records": _records(catalog, roles), "fields": _fields(catalog, roles),
                "table": _table(catalog, roles)}
    return PROSE.read_text(encoding="utf-8").format(**sections)
