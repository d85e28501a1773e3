"""What the protos say of record types and of RPCs, as far as the hunt needs it."""

import functools
import re
from dataclasses import dataclass

from google.protobuf import message_factory

from devkit.layout import ROOT
from kit.api import POOL, message_class

# What every record has of its own, and whoever sees the record sees.
ALWAYS_SEEN = ("name", "etag", "create_time", "update_time", "delete_time")
# Of a batch before the single ones, whose names are part of theirs.
STANDARD = ("BatchGet", "BatchCreate", "BatchUpdate", "Get", "List", "Create", "Update", "Delete",
            "Undelete", "Import")
# Of google.api.FieldBehavior.
REQUIRED, OUTPUT_ONLY, IMMUTABLE = 2, 3, 5
MASKINGS = {0: "", 1: "EMAIL", 2: "PHONE"}
WHOSE = {0: "", 1: "OWNER", 2: "READERS", 3: "EDITORS"}


@functools.cache
def _factory() -> message_factory.MessageFactory:
    return message_factory.MessageFactory(POOL)


def option(descriptor, kind: str, extension: str):
    """An option of a descriptor, which the pool of the protos alone can read; None if unset."""
    found = POOL.FindExtensionByName(extension)
    _factory().GetMessages([found.file.name])
    options = _factory().GetPrototype(POOL.FindMessageTypeByName(f"google.protobuf.{kind}"))
    parsed = options.FromString(descriptor.GetOptions().SerializeToString())
    if found.label == found.LABEL_REPEATED:
        return list(parsed.Extensions[found])
    return parsed.Extensions[found] if parsed.HasExtension(found) else None


@dataclass(frozen=True)
class Column:
    """A field of a record that a role may hide."""

    name: str
    references: tuple[str, ...]  # Types of the records that it may name; "*" is any.
    masking: str  # "EMAIL", "PHONE", or nothing.
    required: bool
    output_only: bool
    immutable: bool
    whose: str  # Whether it names the OWNER of a record, its READERS or its EDITORS, or nothing.
    is_match_key: bool

    @staticmethod
    def of(field) -> "Column":
        behavior = option(field, "FieldOptions", "google.api.field_behavior")
        reference = option(field, "FieldOptions", "google.api.resource_reference")
        own = option(field, "FieldOptions", "lotura.options.v1.field")
        types = () if reference is None else (reference.type,)
        return Column(name=field.name,
                      references=tuple(own.references) if own and own.references else types,
                      masking=MASKINGS[own.masking] if own else "",
                      required=REQUIRED in behavior, output_only=OUTPUT_ONLY in behavior,
                      immutable=IMMUTABLE in behavior,
                      whose=WHOSE[own.access] if own else "",
                      is_match_key=bool(own) and own.match_key != 0)


@dataclass(frozen=True)
class RecordType:
    """A declared type of records."""

    type: str  # "sales.lotura/PriceList"
    message: str  # "lotura.sales.v1.PriceList"
    singular: str  # "price_list", as requests have it
    plural: str  # "price_lists", as answers have it
    collection: str  # "priceLists", as names and permissions have it
    parent: str  # "priceLists/-" of prices: any parent; empty if there is none
    columns: dict[str, Column]
    orders: tuple[str, ...]
    soft_delete: bool

    @property
    def service(self) -> str:
        return self.type.split(".")[0]

    @property
    def owner(self) -> Column | None:
        return self._naming("OWNER")

    @property
    def readers(self) -> Column | None:
        return self._naming("READERS")

    @property
    def editors(self) -> Column | None:
        return self._naming("EDITORS")

    def _naming(self, whose: str) -> Column | None:
        return next((column for column in self.columns.values() if column.whose == whose), None)

    @property
    def own_references(self) -> tuple[Column, ...]:
        """The fields that a caller sets and that name records of the same service."""
        return tuple(column for column in self.columns.values() if not column.output_only
                     and any(type_.startswith(f"{self.service}.") for type_ in column.references))

    @functools.cached_property
    def new(self):
        """The class of its messages."""
        return message_class(self.message)

    def permission(self, verb: str) -> str:
        return f"{self.service}.{self.collection}.{verb}"

    def __hash__(self) -> int:
        return hash(self.type)

    @staticmethod
    def of(descriptor) -> "RecordType | None":
        declared = option(descriptor, "MessageOptions", "lotura.options.v1.resource")
        if declared is None or declared.internal:
            return None
        resource = option(descriptor, "MessageOptions", "google.api.resource")
        parts = resource.pattern[0].split("/")
        parent = "/".join("-" if part.startswith("{") else part for part in parts[:-2])
        columns = {field.name: Column.of(field) for field in descriptor.fields
                   if field.name not in ALWAYS_SEEN}
        return RecordType(type=resource.type, message=descriptor.full_name,
                          singular=_snake(resource.singular), plural=_snake(resource.plural),
                          collection=parts[-2], parent=parent, columns=columns,
                          orders=tuple(order.by for order in declared.orders),
                          soft_delete=declared.soft_delete)


@dataclass(frozen=True)
class Rpc:
    """A method of the platform."""

    name: str  # "lotura.sales.v1.OpportunityService/GetOpportunity"
    kind: str  # "Get"; of what is no standard method its own name
    permission: str
    type: RecordType | None  # Of the records that it reads or writes.
    input: str  # The message of its requests.

    @property
    def service(self) -> str:
        """Where it is called: the sales of "lotura.sales.v1"."""
        return self.name.split(".")[1]

    @property
    def writes(self) -> bool:
        return self.type is not None and self.kind not in ("Get", "BatchGet", "List")

    def request(self, **fields):
        return message_class(self.input)(**fields)

    def __hash__(self) -> int:
        return hash(self.name)


def _snake(camel: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", camel).lower()


def _camel(snake: str) -> str:
    return "".join(word.capitalize() for word in snake.split("_"))


def _files():
    root = ROOT / "proto"
    for path in sorted(root.rglob("*.proto")):
        yield POOL.FindFileByName(str(path.relative_to(root)))


def _policy_of(method):
    return option(method, "MethodOptions", "lotura.options.v1.rpc")


def _is_operators(service) -> bool:
    """Whether it writes records of the operator tenant alone: an ordinary one, such as the hunt's, has none."""
    return any(policy is not None and policy.operator_only
               for policy in map(_policy_of, service.methods))


@functools.cache
def record_types() -> dict[str, RecordType]:
    """All that an ordinary tenant has, by type."""
    found = [RecordType.of(message) for file in _files()
             if not any(map(_is_operators, file.services_by_name.values()))
             for message in file.message_types_by_name.values()]
    return {one.type: one for one in found if one is not None}


@functools.cache
def by_message() -> dict[str, RecordType]:
    return {one.message: one for one in record_types().values()}


@functools.cache
def by_collection() -> dict[str, RecordType]:
    """By what stands before the last id of a name."""
    return {one.collection: one for one in record_types().values()}


def type_of(name: str) -> RecordType | None:
    """The type of the record that is so called."""
    parts = name.split("/")
    return by_collection().get(parts[-2]) if len(parts) > 1 else None


def parent_of(name: str) -> str:
    return name.rpartition("/")[0].rpartition("/")[0]


# Verbs of a type, beyond the standard ones.
VERBS = {"MoveOpportunity": "sales.lotura/Opportunity",
         "ReopenOpportunity": "sales.lotura/Opportunity"}


def _kind_of(package: str, method: str) -> tuple[str, RecordType | None]:
    if method in VERBS:
        return method, record_types()[VERBS[method]]
    for verb in STANDARD:
        for one in record_types().values():
            names = (_camel(one.singular), _camel(one.plural))
            if one.message.startswith(package + ".") and method in [verb + name for name in names]:
                return verb, one
    return method, None


@functools.cache
def rpcs() -> dict[str, Rpc]:
    """Every method that a proto declares, by name, but for the operator's."""
    found = {}
    for file in _files():
        for service in file.services_by_name.values():
            if _is_operators(service):
                continue
            for method in service.methods:
                policy = _policy_of(method)
                kind, type_ = _kind_of(file.package, method.name)
                name = f"{service.full_name}/{method.name}"
                found[name] = Rpc(name, kind, policy.permission if policy else "", type_,
                                  method.input_type.full_name)
    return found
