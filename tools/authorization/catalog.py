"""What the protos declare, as far as access is concerned: record types, their fields, RPCs."""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from google.protobuf import descriptor_pb2

from lint.options import Options

# They belong to the engine; everybody sees them who sees the record.
ENGINE_FIELDS = ("name", "etag", "create_time", "update_time", "delete_time")
ANY_TYPE = "*"
# Values of google.api.FieldBehavior.
REQUIRED, OUTPUT_ONLY, IMMUTABLE = 2, 3, 5


class Kind(enum.Enum):
    """The standard methods, by what their names begin with."""

    GET = "Get"
    BATCH_GET = "BatchGet"
    LIST = "List"
    CREATE = "Create"
    BATCH_CREATE = "BatchCreate"
    UPDATE = "Update"
    BATCH_UPDATE = "BatchUpdate"
    DELETE = "Delete"
    UNDELETE = "Undelete"
    IMPORT = "Import"


OF_MANY = (Kind.BATCH_GET, Kind.LIST, Kind.BATCH_CREATE, Kind.BATCH_UPDATE, Kind.IMPORT)


@dataclass(frozen=True)
class Field:
    """A field of a message; one of a record type is a column."""

    name: str
    required: bool = False
    output_only: bool = False
    immutable: bool = False
    # The types whose records it may name; "*" for any.
    references: tuple[str, ...] = ()
    match_key: str = ""  # "EMAIL"
    masking: str = ""  # "PHONE"
    access: str = ""  # "OWNER"
    least: float | None = None  # Of a number.
    backdatable: bool = False  # With a permission of its own a caller sets it at creation.

    @property
    def is_settable(self) -> bool:
        """Whether an update may change it."""
        return not self.output_only and not self.immutable


@dataclass(frozen=True)
class RecordType:
    type: str  # "sales.lotura/PriceList"
    message: str  # "lotura.sales.v1.PriceList"
    pattern: str  # "priceLists/{price_list}"
    singular: str  # "price_list"
    plural: str  # "price_lists"
    columns: tuple[Field, ...]
    # Whether its ids are UUIDs instead of words.
    uuid_ids: bool = False

    @property
    def service(self) -> str:
        return self.type.split(".")[0]

    @property
    def collection(self) -> str:
        """Of its pattern, the last one: "stages"."""
        return self.pattern.split("/")[-2]

    @property
    def parent_pattern(self) -> str:
        return "/".join(self.pattern.split("/")[:-2])

    @property
    def has_owner(self) -> bool:
        return self.column_for("OWNER") is not None

    @property
    def is_shared(self) -> bool:
        return self.column_for("READERS") is not None or self.column_for("EDITORS") is not None

    def column_for(self, access: str) -> Field | None:
        return next((one for one in self.columns if one.access == access), None)


@dataclass(frozen=True)
class Rpc:
    path: str  # "lotura.sales.v1.ProductService/GetProduct"
    permission: str
    kind: Kind | None = None  # None for what is no standard method.
    # Whose records it serves; of a verb, those that its request means by "name".
    type: RecordType | None = None
    request: str = ""  # Full name of its request's message.
    # Whether only callers of the operator tenant may call it.
    operator_only: bool = False

    @property
    def service(self) -> str:
        """"sales" of "lotura.sales.v1.ProductService/GetProduct"; the package of others' services."""
        package = self.path.split("/")[0].rpartition(".")[0]
        return package.split(".")[1] if package.startswith("lotura.") else package

    @property
    def method(self) -> str:
        return self.path.split("/")[1]


def snake(name: str) -> str:
    """"priceList" to "price_list"."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _enum_word(message, field: str) -> str:
    """"EMAIL" of MASKING_EMAIL; nothing for the unspecified value."""
    value = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[
        getattr(message, field)]
    return "" if value.number == 0 else value.name.rpartition("_")[2]


def _field(one: descriptor_pb2.FieldDescriptorProto, options: Options) -> Field:
    behaviors = options.of(one.options, "google.api.field_behavior") or ()
    reference = options.of(one.options, "google.api.resource_reference")
    named = (reference.type,) if reference is not None and reference.type else ()
    plain = Field(one.name, required=REQUIRED in behaviors, output_only=OUTPUT_ONLY in behaviors,
                  immutable=IMMUTABLE in behaviors, references=named)
    own = options.of(one.options, "lotura.options.v1.field")
    if own is None:
        return plain
    return replace(plain, references=tuple(own.references) or named,
                   match_key=_enum_word(own, "match_key"), masking=_enum_word(own, "masking"),
                   access=_enum_word(own, "access"),
                   least=own.range.min if own.HasField("range") else None,
                   backdatable=own.backdatable)


class Catalog:
    """All record types and RPCs of a set of compiled protos."""

    def __init__(self, files: descriptor_pb2.FileDescriptorSet):
        options = Options(files)
        # By full names of messages.
        self.fields: dict[str, tuple[Field, ...]] = {}
        # By types.
        self.types: dict[str, RecordType] = {}
        self.rpcs: list[Rpc] = []
        ours = sorted((file for file in files.file if file.package.startswith("lotura.")),
                      key=lambda one: one.name)
        for file in ours:
            for message in file.message_type:
                self._add_message(f"{file.package}.{message.name}", message, options)
        for file in ours:
            for service in file.service:
                self._add_service(file.package, service, options)

    def _add_message(self, name: str, message: descriptor_pb2.DescriptorProto,
                     options: Options) -> None:
        self.fields[name] = tuple(_field(one, options) for one in message.field)
        for nested in message.nested_type:
            self._add_message(f"{name}.{nested.name}", nested, options)
        resource = options.of(message.options, "google.api.resource")
        own = options.of(message.options, "lotura.options.v1.resource")
        if resource is None or own is None or own.internal:
            return
        columns = tuple(one for one in self.fields[name] if one.name not in ENGINE_FIELDS)
        self.types[resource.type] = RecordType(
            type=resource.type, message=name, pattern=resource.pattern[0],
            singular=snake(resource.singular), plural=snake(resource.plural), columns=columns,
            uuid_ids=own.uuid_ids)

    def _add_service(self, package: str, service: descriptor_pb2.ServiceDescriptorProto,
                     options: Options) -> None:
        full_name = f"{package}.{service.name}"
        served = next((one for one in self.types.values() if f"{one.message}Service" == full_name),
                      None)
        for method in service.method:
            kind = _kind(method.name, served)
            record_type = served if kind is not None else self._named_by(method.input_type)
            policy = options.of(method.options, "lotura.options.v1.rpc")
            self.rpcs.append(Rpc(f"{full_name}/{method.name}",
                                 policy.permission if policy is not None else "", kind, record_type,
                                 method.input_type.lstrip("."),
                                 policy is not None and policy.operator_only))

    def _named_by(self, request: str) -> RecordType | None:
        """The type whose record a request of a verb means by its field "name"."""
        named = [one for one in self.fields.get(request.lstrip("."), ()) if one.name == "name"]
        return self.types.get(named[0].references[0]) if named and named[0].references else None

    def parent_of(self, record_type: RecordType) -> RecordType | None:
        """The type under whose records those of another one stand."""
        return next((one for one in self.types.values() if record_type.parent_pattern
                     and one.service == record_type.service
                     and one.pattern == record_type.parent_pattern), None)

    def rpc_of(self, record_type: RecordType, kind: Kind) -> Rpc | None:
        return next((one for one in self.rpcs if one.type is record_type and one.kind is kind),
                    None)

    def is_operators(self, record_type: RecordType) -> bool:
        """Whether its records are made in the operator tenant alone."""
        create = self.rpc_of(record_type, Kind.CREATE)
        return create is not None and create.operator_only

    def needed_by(self, record_type: RecordType) -> Iterator[RecordType]:
        """The types of its own service to which every record of the type refers."""
        parent = self.parent_of(record_type)
        if parent is not None:
            yield parent
        for column in record_type.columns:
            if column.required and column.references:
                target = self.types.get(column.references[0])
                if target is not None and target.service == record_type.service:
                    yield target


def _kind(method: str, served: RecordType | None) -> Kind | None:
    if served is None:
        return None
    one, many = served.message.rpartition(".")[2], _pascal(served.plural)
    # What is told once beside the record makes it no other creation.
    if method == f"Issue{one}":
        return Kind.CREATE
    return next((kind for kind in Kind
                 if method == kind.value + (many if kind in OF_MANY else one)), None)
