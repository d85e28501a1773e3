"""The rows of the table: every RPC, and how it is judged.

Standard methods are known by their names. Whatever else an RPC does stands in DECLARED; the lint
refuses one that stands nowhere.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from authorization.catalog import ANY_TYPE, Catalog, Kind, RecordType, Rpc


class Judgement(enum.Enum):
    """What an RPC asks of the caller, beyond its permission."""

    READ = "that he may read the record"
    UPDATE = "that he may update it, and write the fields"
    DELETION = "that he may delete it"
    CREATION = "that he could update it when it is there"
    VERB = "that he may update it, and read what he refers to"
    QUERY = "that he may read everything"
    REPORT = "the permissions to get what it tells of, and that he may read it of every stage, user, team, product and " \
             "organization; those opportunities count of which he may read it"
    EXPLANATION = "the permission to get records of the type, and that he may read the record that is explained"
    STREAM = "the permission to get records of the type; each is sent that he may read"
    TIMELINE = "the permission to get records of the type; what happened to each is told that he may read"
    PERMISSION = "nothing"
    OPEN = "not even a permission"


OF_KIND = {Kind.GET: Judgement.READ, Kind.BATCH_GET: Judgement.READ, Kind.LIST: Judgement.READ,
           Kind.CREATE: Judgement.CREATION, Kind.BATCH_CREATE: Judgement.CREATION,
           Kind.IMPORT: Judgement.CREATION, Kind.UPDATE: Judgement.UPDATE,
           Kind.BATCH_UPDATE: Judgement.UPDATE, Kind.DELETE: Judgement.DELETION,
           Kind.UNDELETE: Judgement.DELETION}


@dataclass(frozen=True)
class Declared:
    """How an RPC is judged that is no standard method."""

    judgement: Judgement
    # The type of the records with which it is tried; "*": with each type, in a row of its own. Of a
    # verb that is the type which its request names.
    about: str = ""
    # Types of the same service that a request refers to besides.
    refers_to: tuple[str, ...] = ()


OPPORTUNITY = "sales.lotura/Opportunity"
MOVE = Declared(Judgement.VERB, OPPORTUNITY, ("sales.lotura/Stage",))
DECLARED = {
    "lotura.access.v1.AccessService/ExplainAccess": Declared(Judgement.EXPLANATION, OPPORTUNITY),
    "lotura.analytics.v1.ReportService/QueryFunnel": Declared(Judgement.REPORT, OPPORTUNITY),
    "lotura.analytics.v1.ReportService/QueryRevenue": Declared(Judgement.REPORT, OPPORTUNITY),
    "lotura.audit.v1.AuditService/ExportAuditLog": Declared(Judgement.PERMISSION),
    "lotura.audit.v1.AuditService/GetAuditCheckpoint": Declared(Judgement.PERMISSION),
    "lotura.audit.v1.AuditService/SearchChanges": Declared(Judgement.PERMISSION),
    "lotura.audit.v1.AuditService/SearchReads": Declared(Judgement.PERMISSION),
    "lotura.communications.v1.TimelineService/ListTimeline":
        Declared(Judgement.TIMELINE, OPPORTUNITY),
    "lotura.directory.v1.ApiKeyService/GetApiKeyUse":
        Declared(Judgement.QUERY, "directory.lotura/ApiKey"),
    "lotura.events.v1.EventService/Subscribe": Declared(Judgement.STREAM, ANY_TYPE),
    "lotura.events.v1.EventService/GetSchema": Declared(Judgement.PERMISSION),
    "lotura.events.v1.EventService/ListEventTypes": Declared(Judgement.PERMISSION),
    "lotura.sales.v1.OpportunityService/MoveOpportunity": MOVE,
    "lotura.sales.v1.OpportunityService/ReopenOpportunity": MOVE,
}
# What every server has besides; the test of the table asks the servers whether that is all.
EVERYWHERE = ("grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch",
              "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
              "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")


class Incomplete(Exception):
    """An RPC has no row, or a row has no RPC."""


@dataclass(frozen=True)
class Row:
    rpc: Rpc
    judgement: Judgement
    about: RecordType | None = None
    refers_to: tuple[RecordType, ...] = ()
    # Of a stream, a timeline or an explanation: what getting a record of the type needs.
    read_permission: str = ""

    @property
    def label(self) -> str:
        return f"{self.rpc.method} of {self.about.type}" if self.read_permission else self.rpc.method

    @property
    def slot(self) -> str:
        """Rows of one slot may be tried with the same records: they change none."""
        changes = self.judgement in (Judgement.UPDATE, Judgement.DELETION, Judgement.VERB)
        return self.rpc.method if changes else ""


def undeclared(catalog: Catalog) -> list[Rpc]:
    """The RPCs that would have no row."""
    return [rpc for rpc in catalog.rpcs if rpc.kind is None and rpc.path not in DECLARED]


def rows(catalog: Catalog) -> list[Row]:
    """One for each RPC, a stream's for each type; Incomplete if one is missing."""
    missing = [rpc.path for rpc in undeclared(catalog)]
    left = sorted(set(DECLARED) - {rpc.path for rpc in catalog.rpcs})
    if missing or left:
        raise Incomplete(f"without a row: {missing}; without an RPC: {left}")
    found = [row for rpc in catalog.rpcs for row in _rows_of(catalog, rpc)]
    return found + [Row(Rpc(path, ""), Judgement.OPEN) for path in EVERYWHERE]


def _read_permission(catalog: Catalog, record_type: RecordType) -> str:
    get = catalog.rpc_of(record_type, Kind.GET)
    return get.permission if get else f"{record_type.service}.{record_type.collection}.read"


def _rows_of(catalog: Catalog, rpc: Rpc) -> Iterator[Row]:
    if rpc.kind is not None:
        yield Row(rpc, OF_KIND[rpc.kind], rpc.type)
        return
    declared = DECLARED[rpc.path]
    if declared.about == ANY_TYPE:
        for record_type in catalog.types.values():
            yield Row(rpc, declared.judgement, record_type,
                      read_permission=_read_permission(catalog, record_type))
        return
    about = catalog.types[declared.about] if declared.about else None
    if declared.judgement in (Judgement.TIMELINE, Judgement.EXPLANATION):
        yield Row(rpc, declared.judgement, about, read_permission=_read_permission(catalog, about))
        return
    if declared.judgement is Judgement.VERB and rpc.type is not about:
        raise Incomplete(f"{rpc.path} is declared with {declared.about}, and its request names another type")
    yield Row(rpc, declared.judgement, about,
              tuple(catalog.types[one] for one in declared.refers_to))
