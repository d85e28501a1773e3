"""One call for one cell of the table, and what was seen of it."""

from collections.abc import Callable
from dataclasses import dataclass

import grpc
from google.protobuf import descriptor_pb2

from authorization import model
from authorization.catalog import Kind, RecordType
from authorization.model import Relation
from authorization.rows import Judgement, Row
from devkit.layout import SERVICES
from kit.api import DETAILS, POOL, Client, Refused, message_class
from kit.events import Subscriber
from kit.imports import import_id
from kit.samples import absent, change, full_name, patient, record_of
from world import STAGE, World, parent_of

# Overload is none of a cell's business.
OVERLOAD = ("RESOURCE_EXHAUSTED", "UNAVAILABLE")
PAGE = 1000
LIVE = 1  # Heartbeat.PHASE_LIVE
DIMENSION_OWNER = 2
QUIET_S = 60


@dataclass(frozen=True)
class Seen:
    """An answer, or what of it is about one record."""

    subject: str  # The name that was asked with.
    code: str = "OK"
    reason: str = ""
    message: str = ""
    details: bytes = b""
    # Whether the record was there: among the items of a list, say.
    present: bool = True
    record: object = None

    @classmethod
    def refused(cls, subject: str, error: grpc.RpcError) -> "Seen":
        trailers = dict(error.trailing_metadata() or ())
        refused = Refused(error)
        return cls(subject, refused.code.name, refused.reason, error.details() or "",
                   trailers.get(DETAILS, b""), present=False)

    @classmethod
    def refused_row(cls, subject: str, status) -> "Seen":
        """A row of an import, which has its error within the answer."""
        code = next(one.name for one in grpc.StatusCode if one.value[0] == status.code)
        details = {detail.TypeName(): detail.value for detail in status.details}
        info = message_class("google.rpc.ErrorInfo").FromString(details["google.rpc.ErrorInfo"])
        return cls(subject, code, info.reason, status.message, status.SerializeToString(),
                   present=False)

    def likeness(self) -> tuple:
        """All of an error but the name that was asked with."""
        name = self.subject.encode()
        if not name:
            return (self.code, self.reason, self.message, len(self.details), self.details)
        return (self.code, self.reason, self.message.replace(self.subject, "?"),
                len(self.details), self.details.replace(name, b"?" * len(name)))


def method_of(path: str):
    service, name = path.split("/")
    return POOL.FindServiceByName(service).methods_by_name[name]


def streams(path: str) -> tuple[bool, bool]:
    """Whether the client sends a stream, and whether the service does."""
    declared = descriptor_pb2.MethodDescriptorProto()
    method_of(path).CopyToProto(declared)
    return declared.client_streaming, declared.server_streaming


def service_of(row: Row) -> str:
    """Whose process is asked."""
    if row.rpc.service in SERVICES:
        return row.rpc.service
    return row.about.service if row.about is not None else "sales"


def bare(client: Client, row: Row):
    """The call with an empty request, for whoever is refused before it is looked at."""
    path = row.rpc.path
    try:
        match streams(path):
            case (True, _):
                answers = client.converse(path, iter([client.request(path)]))
            case (False, True):
                answers = client.watch(path)
            case _:
                return Seen("", record=patient(lambda: client.call(path), OVERLOAD))
        next(iter(answers), None)
        answers.cancel()
        return Seen("")
    except grpc.RpcError as error:
        return Seen.refused("", error)


class Asker:
    """Tries one row as one caller, with one record after the other."""

    def __init__(self, world: World, row: Row, caller: str):
        self.world, self.row, self.caller = world, row, caller
        self.client = world.callers[caller].client(service_of(row))
        # What he may write of the record that is asked for next, as whoever knows the roles says.
        self.writable: list[str] = []
        self._together: dict[str, object] | Seen | None = None
        self._fields = {one.name for one in method_of(row.rpc.path).input_type.fields}

    def ask(self, relation: Relation) -> Seen:
        if self.row.judgement is Judgement.CREATION:
            return self._create(relation)
        if self.row.judgement in (Judgement.OPEN, Judgement.PERMISSION):
            return self._without_record()
        name = self.world.record(self.row, self.caller, relation)
        if self.row.rpc.kind is Kind.LIST or self.row.judgement is Judgement.STREAM:
            return self._among(name)
        if self.row.rpc.kind is not None:
            return self._one(name, lambda: self._call(**self._standard(name)))
        if self.row.judgement is Judgement.VERB:
            return self._one(name, lambda: self._call(**VERBS[self.row.rpc.method](self.world, name)))
        return SPECIAL[self.row.rpc.method](self, name, relation)

    def _call(self, **fields):
        return patient(lambda: self.client.call(self.row.rpc.path, **fields), OVERLOAD)

    def _one(self, subject: str, call: Callable) -> Seen:
        """A call that answers with the record, alone or as the only item."""
        try:
            answer = call()
        except grpc.RpcError as error:
            return Seen.refused(subject, error)
        items = getattr(answer, self.row.about.plural, None)
        if items is None or answer.DESCRIPTOR.full_name == self.row.about.message:
            return Seen(subject, record=record_of(answer, self.row.about))
        assert len(items) == 1, answer
        return Seen(subject, record=items[0])

    def _parent(self, name: str) -> dict:
        return {"parent": parent_of(name)} if "parent" in self._fields else {}

    def _standard(self, name: str) -> dict:
        """Fields of the request of a standard method about one record."""
        match self.row.rpc.kind:
            case Kind.BATCH_GET:
                return {"names": [name]} | self._parent(name)
            case Kind.UPDATE | Kind.BATCH_UPDATE:
                record = message_class(self.row.about.message)(name=name)
                change(record, self._column())
                return self._update(record, self._column())
            case _:
                return {"name": name}

    def _column(self) -> str:
        """What is updated: of what the caller may write, if there is any."""
        changes = self.world.samples.changes(self.row.about)
        return next((one for one in changes if one in self.writable), changes[0])

    def _update(self, record, column: str) -> dict:
        update = {self.row.about.singular: record, "update_mask": {"paths": [column]}}
        if self.row.rpc.kind is Kind.UPDATE:
            return update
        return {"requests": [update]} | self._parent(record.name)

    def write(self, record, column: str) -> Seen:
        """An update of this field."""
        return self._one(record.name, lambda: self._call(**self._update(record, column)))

    def filter_by(self, column: str) -> Seen:
        """A list of the records that have this field."""
        return self._plain("", lambda: self._call(filter=f"{column}:*", **self._any_parent()))

    def _any_parent(self) -> dict:
        parent = self.world.catalog.parent_of(self.row.about)
        return {"parent": f"{parent.collection}/-"} if parent is not None else {}

    # Lists and streams, which tell of all records at once.

    def _among(self, name: str) -> Seen:
        if self._together is None:
            self._together = self._listing() if self.row.rpc.kind is Kind.LIST else self._stream()
        if isinstance(self._together, Seen):
            return self._together
        record = self._together.get(name)
        return Seen(name, present=record is not None, record=record)

    def _listing(self) -> dict[str, object] | Seen:
        found: dict[str, object] = {}
        token = ""
        while True:
            try:
                page = self._call(page_size=PAGE, page_token=token, **self._any_parent())
            except grpc.RpcError as error:
                return Seen.refused("", error)
            found |= {one.name: one for one in getattr(page, self.row.about.plural)}
            token = page.next_page_token
            if not token:
                return found

    def _stream(self) -> dict[str, object] | Seen:
        """The records as their events tell of them."""
        relations = [one for group in model.relations_of(self.row) for one in group]
        names = {self.world.record(self.row, self.caller, one) for one in relations}
        found: dict[str, object] = {}
        with Subscriber(self.client, service=self.row.about.service, start="EARLIEST",
                        resource_types=[self.row.about.type], names=sorted(names)) as stream:
            quiet = stream.wait(lambda one: any(beat.phase == LIVE for beat in one.heartbeats),
                                QUIET_S)
            if stream.error is not None:
                return Seen.refused("", stream.error)
            assert quiet, "the stream never said that it is live"
            for event in stream.events:
                assert not event.removed_from_view, event
                found[event.subject] = message_class(self.row.about.message).FromString(
                    event.change.after.plain + event.change.after.personal)
        return found

    # What makes a record.

    def _create(self, relation: Relation) -> Seen:
        record_type, world = self.row.about, self.world
        fields = world.samples.creation(record_type, world.samples.record(record_type, lean=True))
        record = fields[record_type.singular]
        needed = next(iter(world.catalog.needed_by(record_type)), None)
        subject = ""
        if record_type.has_owner:
            world.set_relation(record, record_type, self.caller, relation)
            subject = world.owner(self.caller, relation)
        elif relation in model.BEYOND and needed is not None:
            subject = self._elsewhere(fields, record, needed, relation)
        elif relation is Relation.TENANT:
            fields[f"{record_type.singular}_id"] = world.taken_id(self.row, self.caller)
        else:
            world.set_relation(record, record_type, self.caller, relation)
        parent = {"parent": fields["parent"]} if "parent" in fields else {}
        match self.row.rpc.kind:
            case Kind.CREATE:
                return self._one(subject, lambda: self._call(**fields))
            case Kind.BATCH_CREATE:
                return self._one(subject, lambda: self._call(requests=[fields], **parent))
            case _:
                return self._import(subject, fields)

    def _elsewhere(self, fields: dict, record, needed: RecordType, relation: Relation) -> str:
        """Lets the new record stand under, or refer to, what is not this tenant's; the name."""
        name = self.world.other_samples.name_of(needed)
        name = absent(name) if relation is Relation.ABSENT else name
        if "parent" in fields:
            fields["parent"] = name
        else:
            column = next(one for one in self.row.about.columns
                          if one.required and needed.type in one.references)
            setattr(record, column.name, name)
        return name

    def _import(self, subject: str, fields: dict) -> Seen:
        path = self.row.rpc.path
        chunk = self.client.request(path, {"import_id": import_id(), "requests": [fields]})
        try:
            result = patient(lambda: next(iter(self.client.converse(path, iter([chunk])))), OVERLOAD)
        except grpc.RpcError as error:
            return Seen.refused(subject, error)
        row = result.rows[0]
        return Seen.refused_row(subject, row.error) if row.HasField("error") else Seen(subject)

    def _without_record(self) -> Seen:
        path = self.row.rpc.path
        request = SETTINGS.get(self.row.rpc.method, {})
        client_streams, _ = streams(path)
        if not client_streams and self.row.rpc.method != "Watch":
            return self._plain("", lambda: self._call(**request))
        answers = (self.client.converse(path, iter([self.client.request(path, request)]))
                   if client_streams else self.client.watch(path))
        seen = self._plain("", lambda: next(iter(answers)))
        answers.cancel()
        return seen

    def _plain(self, subject: str, call: Callable, present: Callable = lambda _: True) -> Seen:
        try:
            answer = call()
        except grpc.RpcError as error:
            return Seen.refused(subject, error)
        return Seen(subject, present=bool(present(answer)))

    def timeline(self, name: str, _relation: Relation) -> Seen:
        record = full_name(self.row.about, name)
        return self._plain(name, lambda: self._call(record=record), lambda page: page.entries)

    def use(self, name: str, _relation: Relation) -> Seen:
        return self._plain(name, lambda: self._call(name=name))

    def report(self, _name: str, relation: Relation) -> Seen:
        """Of the opportunities of one owner."""
        owner = self.world.owner(self.caller, relation)
        value = self.world.in_service(self.row.about, owner) if owner else ""
        stage = self.world.catalog.types[STAGE]
        pipeline = full_name(self.world.catalog.parent_of(stage),
                             self.world.samples.parent_name(stage))
        filters = [{"dimension": DIMENSION_OWNER, "values": [value]}]
        return self._plain(owner, lambda: self._call(pipeline=pipeline, filters=filters),
                           lambda answer: any(row.won_count for row in answer.rows))

    def explanation(self, name: str, _relation: Relation) -> Seen:
        """Of the caller's own access; what it says is kept beside the record."""
        record = full_name(self.row.about, name)
        try:
            answer = self._call(user=self.world.callers[self.caller].user, name=record)
        except grpc.RpcError as error:
            return Seen.refused(name, error)
        return Seen(name, record=answer)


# What the request of a verb holds, by its method.
VERBS: dict[str, Callable[[World, str], dict]] = {
    "MoveOpportunity": lambda world, name: {"name": name, "stage": world.next_stage},
    "ReopenOpportunity": lambda world, name: {
        "name": name, "stage": world.samples.name_of(world.catalog.types[STAGE])},
}
SPECIAL: dict[str, Callable[[Asker, str, Relation], Seen]] = {
    "ExplainAccess": Asker.explanation, "GetApiKeyUse": Asker.use, "ListTimeline": Asker.timeline,
    "QueryFunnel": Asker.report, "QueryRevenue": Asker.report,
}
SETTINGS = {"ExportAuditLog": {"service": "sales"}, "GetAuditCheckpoint": {"service": "sales"},
            "SearchChanges": {"service": "sales"}, "SearchReads": {"service": "sales"},
            "GetSchema": {"event_type": "lotura.sales.opportunity.created.v1"},
            "ServerReflectionInfo": {"list_services": ""}}
