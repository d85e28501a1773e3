"""The tenants of the trial and their records, in all types, with the tenant's mark in each."""

import re
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from authorization.catalog import Catalog, Kind, RecordType
from devkit import artifacts
from devkit.issuer import Issuer
from devkit.layout import ROOT, SERVICES
from kit.api import Client, request_id
from kit.samples import Samples, fresh_number, patient, record_of
from lint.descriptors import compile_protos

from fault.announced import Sources, await_handled
from fault.tenants.canary import mark_of

TEXT = re.compile(r"(Sample|Changed)( \d+)?")
ADDRESS = re.compile(r"sample(\d+)([@.])example\.org")
THREADS = 10
RECORDS = 3  # Of each type; of opportunities up to four more, in each tenant another number.
OPPORTUNITY, STAGE_CHANGE = "sales.lotura/Opportunity", "sales.lotura/StageChange"
MOVE = "lotura.sales.v1.OpportunityService/MoveOpportunity"
LIST_CHANGES = "lotura.sales.v1.StageChangeService/ListStageChanges"
STAGE = "sales.lotura/Stage"
KIND_OPEN, KIND_WON = 1, 2
USER = "users/operator"
# Refused until the services have heard of the records of others, or have time; or in doubt, because
# a session was cut.
NOT_YET = ("REFERENCE_NOT_FOUND", "UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED",
           "UNKNOWN")


def catalog() -> Catalog:
    return Catalog(compile_protos(ROOT, artifacts.googleapis().path))


def tenant_id(seed: int, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{seed}/{number}"))


def mark(message, text: str) -> None:
    """Puts the mark into all texts that a sample has of its own accord."""
    for descriptor, value in message.ListFields():
        repeated = descriptor.label == descriptor.LABEL_REPEATED
        if descriptor.type == descriptor.TYPE_MESSAGE:
            if not descriptor.message_type.GetOptions().map_entry:
                for item in value if repeated else [value]:
                    mark(item, text)
        elif descriptor.type == descriptor.TYPE_STRING:
            if repeated:
                value[:] = [_marked(item, text) for item in value]
            else:
                setattr(message, descriptor.name, _marked(value, text))


def _marked(value: str, text: str) -> str:
    if TEXT.fullmatch(value):
        return f"{value} {text}"
    return ADDRESS.sub(rf"sample\1{text}\2example.org", value)


class MarkedSamples(Samples):
    """Samples of one tenant, with its mark."""

    passing = NOT_YET

    def __init__(self, known: Catalog, client: Callable[[str], Client], number: int):
        super().__init__(known, client)
        self.catalog = known
        self._mark = mark_of(number)

    def fresh_id(self) -> str:
        """All ids have the same length."""
        return f"t{self._mark}{fresh_number():07}"

    def creation(self, record_type: RecordType, record, record_id: str = "") -> dict:
        mark(record, self._mark)
        return super().creation(record_type, record, record_id or self.fresh_id())

    def adopt(self, other: "MarkedSamples") -> None:
        """Takes over how records are made, and none of them."""
        self._whole, self._lean, self._changes = other._whole, other._lean, other._changes

    def know(self, names: dict[str, list[str]]) -> None:
        """Lets records refer to these, by type."""
        self._names.update({type_name: known[0] for type_name, known in names.items() if known})


@dataclass
class Tenant:
    """Its records' names by type, and its tokens."""

    number: int
    id: str
    token: str
    samples: MarkedSamples
    clients: dict[str, Client]
    names: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    deleted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def won(self) -> str:
        """An opportunity that is closed."""
        return self.names[OPPORTUNITY][1]

    @property
    def open_stage(self) -> str:
        return self.names[STAGE][0]

    @property
    def mark(self) -> str:
        return mark_of(self.number)

    def close(self) -> None:
        for client in self.clients.values():
            client.close()


def in_parallel(work: Callable, items: Iterable) -> list:
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(work, items))


def enter(known: Catalog, addresses: dict[str, str], issuer: Issuer, seed: int,
          number: int) -> Tenant:
    """A tenant without records."""
    identity = tenant_id(seed, number)
    token = issuer.mint(user=USER, tenant=identity)
    clients = {service: Client(addresses[service], token) for service in SERVICES}
    samples = MarkedSamples(known, clients.__getitem__, number)
    return Tenant(number, identity, token, samples, clients)


def settle(known: Catalog, tenants: list[Tenant]) -> None:
    """Records of each type in each tenant."""
    template = tenants[0]
    template.samples.prepare(operator=False)
    for tenant in tenants[1:]:
        tenant.samples.adopt(template.samples)
    in_parallel(lambda tenant: _fill(known, tenant), tenants)


def await_known(known: Catalog, sources: Sources) -> None:
    """Waits until every service has heard of the records of others to which its own refer."""
    pairs = {(one.service, target.partition(".")[0]) for one in known.types.values()
             for column in one.columns for target in column.references if target in known.types}
    for service, source in pairs:
        if service != source:
            await_handled(sources, f"{service}.foreign_records", source)


def _fill(known: Catalog, tenant: Tenant) -> None:
    for record_type in known.types.values():
        if known.rpc_of(record_type, Kind.CREATE) is None or known.is_operators(record_type):
            continue
        tenant.names[record_type.type].append(tenant.samples.name_of(record_type))
        count = RECORDS - 1 + (tenant.number % 5 if record_type.type == OPPORTUNITY else 0)
        tenant.names[record_type.type] += [create(known, tenant, record_type)
                                           for _ in range(count)]
        _delete(known, tenant, record_type)
    _move(known, tenant)


def create(known: Catalog, tenant: Tenant, record_type: RecordType, **given) -> str:
    samples = tenant.samples
    record = samples.record(record_type)
    for name, value in given.items():
        setattr(record, name, value)
    fields = samples.creation(record_type, record) | {"request_id": request_id()}
    rpc = known.rpc_of(record_type, Kind.CREATE)
    client = tenant.clients[record_type.service]
    return record_of(patient(lambda: client.call(rpc.path, **fields), NOT_YET), record_type).name


def _delete(known: Catalog, tenant: Tenant, record_type: RecordType) -> None:
    """One more record, which is there no more."""
    delete = known.rpc_of(record_type, Kind.DELETE)
    if delete is None:
        return
    name = create(known, tenant, record_type)
    client = tenant.clients[record_type.service]
    patient(lambda: client.call(delete.path, name=name), NOT_YET)
    tenant.deleted[record_type.type].append(name)


def _move(known: Catalog, tenant: Tenant) -> None:
    """Nobody but a verb makes the history of an opportunity, and closes it."""
    client = tenant.clients["sales"]
    moved, won = tenant.names[OPPORTUNITY][:2]
    for opportunity, kind in ((moved, KIND_OPEN), (moved, KIND_OPEN), (won, KIND_WON)):
        stage = create(known, tenant, known.types[STAGE], kind=kind)
        tenant.names[STAGE].append(stage)
        patient(lambda: client.call(MOVE, name=opportunity, stage=stage), NOT_YET)
    tenant.names[STAGE_CHANGE] += [one.name for opportunity in (moved, won) for one in
                                   client.call(LIST_CHANGES, parent=opportunity).stage_changes]
