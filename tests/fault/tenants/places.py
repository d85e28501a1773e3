"""The places of a request in which an id stands, found by what the protos declare."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from authorization.catalog import Catalog, Kind, Rpc
from kit.api import POOL

# By name; what refers to records by its declaration is found besides.
IDS = ("name", "names", "parent", "request_id", "import_id", "page_token", "resume_token", "record",
       "user", "caller", "actor", "pipeline", "member")
RECORD_ID = re.compile(r"[a-z_]+_id")
# Values of a dimension of reports are names of records.
VALUES = "lotura.analytics.v1.DimensionFilter.values"
# In the elements of a batch these must be unset.
OF_THE_BATCH = ("requests[].request_id", "requests[].validate_only")


@dataclass(frozen=True)
class Place:
    """A field of a request: "names[]", "requests[].opportunity.organization"."""

    path: str

    @property
    def field(self) -> str:
        return self.path.rpartition(".")[2].removesuffix("[]")

    def set(self, message, value: str) -> None:
        """In the first element of what is repeated."""
        *before, last = self.path.split(".")
        for part in before:
            message = _into(message, part)
        if last.endswith("[]"):
            getattr(message, last[:-2])[:] = [value]
        else:
            setattr(message, last, value)

    def get(self, message) -> str:
        """Empty if nothing stands there."""
        *before, last = self.path.split(".")
        for part in before:
            if part.endswith("[]") and not getattr(message, part[:-2]):
                return ""
            message = _into(message, part)
        value = getattr(message, last.removesuffix("[]"))
        return (value[0] if value else "") if last.endswith("[]") else value


@dataclass(frozen=True)
class FilterPlace(Place):
    """A condition of a list on a field that refers to records: "filter.organization"."""

    operator: str = "="

    def set(self, message, value: str) -> None:
        message.filter = f'{self.field} {self.operator} "{value}"' if value else ""

    def get(self, message) -> str:
        _, found, value = message.filter.partition(f"{self.operator} ")
        return value.strip('"') if found else ""


def _into(message, part: str):
    if not part.endswith("[]"):
        return getattr(message, part)
    items = getattr(message, part[:-2])
    return items[0] if items else items.add()


def places_of(catalog: Catalog, rpc: Rpc) -> list[Place]:
    """All of the RPC's request."""
    found = _walk(catalog, POOL.FindMessageTypeByName(rpc.request), "", ())
    places = [Place(path) for path in found if path not in OF_THE_BATCH]
    return places + (_of_filters(rpc) if rpc.kind is Kind.LIST else [])


def _of_filters(rpc: Rpc) -> list[Place]:
    fields = POOL.FindMessageTypeByName(rpc.type.message).fields_by_name
    return [FilterPlace(f"filter.{column.name}",
                        ":" if fields[column.name].label == fields[column.name].LABEL_REPEATED else "=")
            for column in rpc.type.columns if column.references]


def _walk(catalog: Catalog, descriptor, prefix: str, above: tuple[str, ...]) -> Iterator[str]:
    facts = {one.name: one for one in catalog.fields.get(descriptor.full_name, ())}
    for field in descriptor.fields:
        known = facts.get(field.name)
        if known is not None and known.output_only:
            continue
        repeated = "[]" if field.label == field.LABEL_REPEATED else ""
        path = f"{prefix}{field.name}{repeated}"
        if field.type == field.TYPE_MESSAGE:
            name = field.message_type.full_name
            if name.startswith("lotura.") and name not in above \
                    and not field.message_type.GetOptions().map_entry:
                yield from _walk(catalog, field.message_type, f"{path}.", (*above, name))
        elif field.type == field.TYPE_STRING and (
                (known is not None and known.references) or field.name in IDS
                or RECORD_ID.fullmatch(field.name) or field.full_name == VALUES):
            yield path
