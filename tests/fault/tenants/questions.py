"""Own requests of a tenant for every RPC, and what may stand in the place of an id."""

import enum
import random
import re
import string
import uuid
from collections.abc import Callable

from authorization.catalog import ANY_TYPE, Catalog, Field, Kind, RecordType, Rpc
from kit.api import message_class
from kit.samples import change, full_name

from fault.tenants.places import FilterPlace, Place
from fault.tenants.settlement import OPPORTUNITY, STAGE, Tenant, mark

PIPELINE, USER, ORGANIZATION = ("sales.lotura/Pipeline", "directory.lotura/User",
                                "accounts.lotura/Organization")
API_KEY = "directory.lotura/ApiKey"
DIMENSION_OWNER = 2
START_EARLIEST, START_TOKEN = 2, 3
# Repeated writes are told by these; what is tried with them is done.
OF_REPETITION = ("request_id", "import_id")
OF_LISTS = ("page_token", "resume_token")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LETTERS = string.ascii_lowercase + string.digits


class Value(enum.Enum):
    """What stands in the place."""

    OWN = "own"
    FOREIGN = "foreign"
    RANDOM = "random"
    NULL = "null"


# What is done when its repetition is tried; others are only checked.
REPEATED = (Kind.CREATE, Kind.BATCH_CREATE, Kind.UPDATE, Kind.BATCH_UPDATE, Kind.IMPORT)


def is_done(rpc: Rpc, place: Place | None) -> bool:
    return place is not None and place.field in OF_REPETITION and rpc.kind in REPEATED


class Questions:
    """Requests of one tenant. Used by one thread."""

    def __init__(self, catalog: Catalog, tenant: Tenant, chance: random.Random):
        self._catalog, self.tenant, self._chance = catalog, tenant, chance

    # Requests.

    def own(self, rpc: Rpc, place: Place | None = None):
        """A request about what is the tenant's, with something at the place if that can be."""
        request = message_class(rpc.request)()
        if rpc.kind is not None:
            self._standard(rpc, request, place)
        else:
            SPECIAL[rpc.method](self, request)
        if place is not None and not place.get(request):
            place.set(request, self._fitting(rpc, place))
        if "validate_only" in request.DESCRIPTOR.fields_by_name \
                and not is_done(rpc, place):
            request.validate_only = True
        return request

    def name(self, record_type: RecordType) -> str:
        """Of a tenant, whose record only the operator's tenant has, that which it would have."""
        if self._catalog.is_operators(record_type):
            return f"{record_type.collection}/{self.tenant.id}"
        return self._chance.choice(self.tenant.names[record_type.type])

    def _standard(self, rpc: Rpc, request, place: Place | None) -> None:
        record_type = rpc.type
        deleted = self.tenant.deleted[record_type.type] if rpc.kind is Kind.UNDELETE else []
        name = self._chance.choice(deleted) if deleted else self.name(record_type)
        fields = request.DESCRIPTOR.fields_by_name
        match rpc.kind:
            case Kind.CREATE:
                self._fill_creation(request, record_type, place)
            case Kind.BATCH_CREATE | Kind.IMPORT:
                self._fill_creation(request.requests.add(), record_type, place)
            case Kind.UPDATE:
                self._fill_update(request, record_type, name, place)
            case Kind.BATCH_UPDATE:
                self._fill_update(request.requests.add(), record_type, name, place)
            case Kind.BATCH_GET:
                request.names.append(name)
            case Kind.LIST:
                request.page_size = 1
            case _:
                request.name = name
        if "parent" in fields and not request.parent:
            request.parent = _parent_of(name)
        if rpc.kind is Kind.IMPORT:
            request.import_id = str(uuid.uuid4())

    def _record(self, record_type: RecordType) -> dict:
        if self._catalog.is_operators(record_type):
            return {record_type.singular: message_class(record_type.message)(display_name="Sample"),
                    f"{record_type.singular}_id": self.tenant.id}
        samples = self.tenant.samples
        fields = samples.creation(record_type, samples.record(record_type))
        for column in record_type.columns:
            if column.references and not column.output_only:
                self._refer(fields[record_type.singular], record_type, column)
        return fields

    def _refer(self, record, record_type: RecordType, column: Field) -> None:
        """Lets the record refer to something of the tenant by every field that may."""
        name = self._referred(record_type, column)
        descriptor = record.DESCRIPTOR.fields_by_name[column.name]
        if not name:
            return
        if descriptor.label == descriptor.LABEL_REPEATED:
            getattr(record, column.name)[:] = [name]
        elif not getattr(record, column.name):
            setattr(record, column.name, name)

    def _fill_creation(self, element, record_type: RecordType, place: Place | None) -> None:
        fields = self._record(record_type)
        if place is not None and place.field in OF_REPETITION:
            # It is done: let it have an id of its own.
            fields.pop(f"{record_type.singular}_id")
        for name, value in fields.items():
            if not isinstance(value, str):
                getattr(element, name).CopyFrom(value)
            elif name in element.DESCRIPTOR.fields_by_name:
                setattr(element, name, value)

    def _fill_update(self, element, record_type: RecordType, name: str,
                     place: Place | None) -> None:
        record = getattr(element, record_type.singular)
        record.CopyFrom(self._record(record_type)[record_type.singular])
        record.name = name
        columns = {column.name for column in record_type.columns if column.is_settable}
        asked = [] if place is None else [part.removesuffix("[]")
                                          for part in place.path.split(".") if part.removesuffix("[]") in columns]
        if not asked:
            asked = (["display_name"] if self._catalog.is_operators(record_type)
                     else self.tenant.samples.changes(record_type)[:1])
            change(record, asked[0])
            mark(record, self.tenant.mark)
        element.update_mask.paths.append(asked[0])

    def _fitting(self, rpc: Rpc, place: Place) -> str:
        """Something of the tenant for a place that its request leaves empty."""
        if place.field in OF_REPETITION:
            return str(uuid.uuid4())
        if place.field.endswith("_id"):
            return self.tenant.samples.fresh_id()
        if place.field == "name":
            return self.name(rpc.type)
        if not isinstance(place, FilterPlace):
            return ""
        column = next(one for one in rpc.type.columns if one.name == place.field)
        return self._referred(rpc.type, column)

    def _referred(self, record_type: RecordType, column: Field) -> str:
        """What a record of the type may name in the field; empty if there is nothing."""
        wanted = ORGANIZATION if column.references[0] == ANY_TYPE else column.references[0]
        target = self._catalog.types.get(wanted)
        if target is None or not self.tenant.names[target.type]:
            return ""
        name = self.name(target)
        return name if target.service == record_type.service else full_name(target, name)

    # What is no standard method.

    def _explain(self, request) -> None:
        request.user = self.name(self._catalog.types[USER])
        request.name = self._full(OPPORTUNITY)

    def _full(self, type_name: str) -> str:
        record_type = self._catalog.types[type_name]
        return full_name(record_type, self.name(record_type))

    def _report(self, request) -> None:
        request.pipeline = self._full(PIPELINE)
        request.group_by.append(DIMENSION_OWNER)
        request.filters.add(dimension=DIMENSION_OWNER, values=[self._full(USER)])

    def _timeline(self, request) -> None:
        request.record = self._full(self._chance.choice((OPPORTUNITY, ORGANIZATION)))
        request.page_size = 1

    def _move(self, request) -> None:
        request.name = self.name(self._catalog.types[OPPORTUNITY])
        request.stage = self.name(self._catalog.types[STAGE])

    def _reopen(self, request) -> None:
        request.name, request.stage = self.tenant.won, self.tenant.open_stage

    def _audit(self, request) -> None:
        request.service = self._chance.choice(sorted({one.service for one
                                                      in self._catalog.types.values()}))

    def _search(self, request) -> None:
        record_type = self._chance.choice(list(self._catalog.types.values()))
        request.service, request.record = record_type.service, self.name(record_type)
        who = "caller" if "caller" in request.DESCRIPTOR.fields_by_name else "actor"
        setattr(request, who, self.name(self._catalog.types[USER]))
        request.page_size = 1

    def _subscribe(self, request) -> None:
        record_type = self._chance.choice(list(self._catalog.types.values()))
        request.subscription.service = record_type.service
        request.subscription.start = START_EARLIEST
        request.subscription.names.append(self.name(record_type))
        request.credit = 1000

    def _schema(self, request) -> None:
        request.event_type = "lotura.sales.opportunity.created.v1"

    def _use(self, request) -> None:
        request.name = self.name(self._catalog.types[API_KEY])

    def _nothing(self, request) -> None:
        pass


SPECIAL: dict[str, Callable[[Questions, object], None]] = {
    "ExplainAccess": Questions._explain, "QueryFunnel": Questions._report,
    "QueryRevenue": Questions._report, "ListTimeline": Questions._timeline,
    "MoveOpportunity": Questions._move, "ReopenOpportunity": Questions._reopen,
    "ExportAuditLog": Questions._audit, "GetAuditCheckpoint": Questions._audit,
    "SearchReads": Questions._search, "SearchChanges": Questions._search,
    "Subscribe": Questions._subscribe, "GetApiKeyUse": Questions._use, "GetSchema": Questions._schema,
    "ListEventTypes": Questions._nothing}


def unknown(catalog: Catalog) -> list[str]:
    """The RPCs that the trial cannot ask."""
    return [rpc.path for rpc in catalog.rpcs if rpc.kind is None and rpc.method not in SPECIAL]


def _parent_of(name: str) -> str:
    return "/".join(name.split("/")[:-2])


def same_kind(value: str, catalog: Catalog, other: Tenant, chance: random.Random) -> str:
    """A record of the other tenant, of the type of which this name is; empty if it is none."""
    prefix, short = _split(value)
    parts = short.split("/")
    if len(parts) < 2:
        return ""
    for record_type in catalog.types.values():
        pattern = record_type.pattern.split("/")
        fits = len(pattern) == len(parts) and pattern[::2] == parts[::2]
        if fits and (not prefix or prefix == f"//{record_type.service}.lotura/"):
            if catalog.is_operators(record_type):
                return f"{prefix}{record_type.collection}/{other.id}"
            names = other.names[record_type.type] + other.deleted[record_type.type]
            return prefix + chance.choice(names) if names else ""
    return ""


def absent(value: str, chance: random.Random) -> str:
    """As long as the name, and that of none: each of its ids is another one."""
    prefix, short = _split(value)
    parts = short.split("/")
    parts[1::2] = [random_id(part, chance) for part in parts[1::2]]
    return prefix + "/".join(parts)


def random_id(like: str, chance: random.Random) -> str:
    if UUID.fullmatch(like):
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))
    return "t" + "".join(chance.choice(LETTERS) for _ in like[1:])


def _split(value: str) -> tuple[str, str]:
    """"//sales.lotura/" and what follows it."""
    if not value.startswith("//"):
        return "", value
    service, _, short = value[2:].partition("/")
    return f"//{service}/", short


def tampered(token: str, chance: random.Random) -> str:
    """A token of which a few characters in its sealed part are others."""
    at = chance.randrange(len(token) // 2, len(token) - 4)
    wrong = "".join("A" if one != "A" else "B" for one in token[at:at + 2])
    return token[:at] + wrong + token[at + 2:]
