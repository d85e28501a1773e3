"""Makes each attack of docs/refusals.md on running services, and tells what is not as it stands there."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from authorization.catalog import Catalog, Field, Kind, Rpc
from authorization.refusals import SUBSCRIBE, Attack, Outcome, cells
from authorization.rows import Row
from devkit.layout import SERVICES
from devkit.stack import Stack
from kit.abuse import Forger, Told, Wire
from kit.api import POOL, message_class
from kit.samples import record_of

from fault.tenants.questions import Questions
from fault.tenants.settlement import USER, catalog, enter, settle

THREADS = 4
PAGE_SIZE, PAGE_RECORDS = 2**31 - 1, 1000
PARENTHESES = 1000
BODY_BYTES = 5 << 20
NESTED = b"\x7b" * 10_000  # Each byte opens one more group of an unknown field.
ENGINE_TIMES = ("create_time", "update_time", "delete_time")
LONG_AGO_S = 1_000_000
FORGED_NUMBER, FORGED_TEXT, FORGED_NAME = 77, "forged", "users/forged"
CROWD = "accounts.lotura/Organization"  # Of it there are more than fit a page.
HOUR_S = 3600
NOBODY = "https://nobody.example.org"
WRONG_KEYS = ("../../../../etc/passwd", "' OR '1'='1", "")


class Attacker:
    """Attacks as one tenant, which it makes. `attempt` may be called from several threads."""

    def __init__(self, stack: Stack, seed: int):
        self.catalog: Catalog = catalog()
        addresses = {service: stack.grpc(service) for service in SERVICES}
        self._tenant = enter(self.catalog, addresses, stack.issuer, seed, 0)
        settle(self.catalog, [self._tenant])
        self._fill_a_page()
        self._wire = Wire(addresses)
        self._questions = Questions(self.catalog, self._tenant, random.Random(seed))
        self._lock = threading.Lock()
        self._issuer = stack.issuer
        self._everything = sorted({one.permission for one in self.catalog.rpcs})
        forger = Forger(stack.issuer, user=USER, tenant=self._tenant.id)
        now = int(time.time())
        self._tokens: dict[Attack, list[str | None]] = {
            Attack.NO_TOKEN: [None], Attack.EXPIRED: [forger.expired()],
            Attack.EARLY: [forger.with_claims(nbf=now + HOUR_S)],
            Attack.AUDIENCE: [forger.with_claims(aud="others")],
            Attack.ISSUER: [forger.with_claims(iss=NOBODY)],
            Attack.UNSIGNED: [forger.unsigned()],
            Attack.SYMMETRIC: [forger.signed_with_the_public_key()],
            Attack.KEY_PATH: [forger.with_key_id(one) for one in WRONG_KEYS],
            Attack.TRUNCATED: [forger.truncated()], Attack.OVERSIZED: [forger.oversized()],
            Attack.TENANTLESS: [forger.with_claims(tenant=None)]}

    def close(self) -> None:
        self._wire.close()
        self._tenant.close()

    def _fill_a_page(self) -> None:
        record_type = self.catalog.types[CROWD]
        samples, client = self._tenant.samples, self._tenant.clients[record_type.service]
        rpc = self.catalog.rpc_of(record_type, Kind.BATCH_CREATE)
        client.call(rpc.path, requests=[
            samples.creation(record_type, samples.record(record_type, lean=True))
            for _ in range(PAGE_RECORDS)])

    # What is tried.

    def attempt(self, row: Row, attack: Attack, outcome: Outcome) -> list[str]:
        """What is not as declared."""
        wrong = []
        for told, left in self._make(row.rpc, attack):
            if (told.code, told.reason) != (outcome.code, outcome.reason if outcome.code != "OK"
                                            else ""):
                wrong.append(f"{row.rpc.path}, {attack.sent}: {told.code} {told.reason} {told.text}")
            elif left:
                wrong.append(f"{row.rpc.path}, {attack.sent}: {left}")
        return wrong

    def _make(self, rpc: Rpc, attack: Attack) -> Iterator[tuple[Told, str]]:
        """What came of each form of the attack, and what is wrong with an answer."""
        match attack:
            case Attack.READ_ONLY:
                yield self._assign(rpc)
            case Attack.IMMUTABLE:
                for column in rpc.type.columns:
                    if column.immutable:
                        yield self._reset(rpc, column)
            case Attack.BACKDATED:
                yield self._backdate(rpc)
            case Attack.PAGE_MAX:
                yield self._page(rpc, PAGE_SIZE)
            case Attack.PAGE_NEGATIVE:
                yield self._page(rpc, -1)
                yield self._page(rpc, -2**31)
            case Attack.DEEP_FILTER:
                yield self.send(rpc, self._deep(rpc).SerializeToString()), ""
            case Attack.LARGE_BODY:
                yield self.send(rpc, self._own(rpc) + _unknown_field(BODY_BYTES)), ""
            case Attack.DEEP_BODY:
                yield self.send(rpc, NESTED), ""
            case Attack.ROLE:
                yield self.send(rpc, self._own(rpc), self._other_role(rpc)), ""
            case _:
                for token in self._tokens[attack]:
                    yield self._wire.call(_service_of(rpc), rpc.path, self._own(rpc), token), ""

    def send(self, rpc: Rpc, request: bytes, token: str = "") -> Told:
        """With a token that permits the call and no other, if none is given; a stream of events may
        tell of what the token permits to get."""
        permitted = self._everything if rpc.method == SUBSCRIBE else [rpc.permission]
        return self._wire.call(_service_of(rpc), rpc.path, request,
                               token or self._token(*permitted))

    def _token(self, *permissions: str) -> str:
        return self._issuer.mint(user=USER, tenant=self._tenant.id, permissions=permissions)

    def _other_role(self, rpc: Rpc) -> str:
        return self._token(*(one for one in self._everything if one != rpc.permission))

    def _request(self, rpc: Rpc):
        with self._lock:
            request = self._questions.own(rpc)
        if "service" in request.DESCRIPTOR.fields_by_name:
            request.service = _service_of(rpc)
        return request

    def _own(self, rpc: Rpc) -> bytes:
        return self._request(rpc).SerializeToString() if rpc.request else b""

    # Fields that are not the caller's.

    def _assign(self, rpc: Rpc) -> tuple[Told, str]:
        """Sets them all, and looks whether one of them is as it was sent."""
        request = self._request(rpc)
        element = _element(request)
        record = getattr(element, rpc.type.singular)
        forged = [column.name for column in rpc.type.columns
                  if column.output_only and not column.backdatable]
        forged += [name for name in ENGINE_TIMES if name in record.DESCRIPTOR.fields_by_name]
        for name in forged:
            _forge(record, name)
        if "update_mask" in element.DESCRIPTOR.fields_by_name:
            element.update_mask.paths.extend(forged)
        if "validate_only" in request.DESCRIPTOR.fields_by_name:
            request.validate_only = False
        told = self.send(rpc, request.SerializeToString())
        if told.code != "OK":
            return told, ""
        answer = _output(rpc).FromString(told.answer)
        if rpc.kind is Kind.IMPORT:
            (imported,) = answer.rows
            name = imported.name
            shown = []
        else:
            shown = [_first(answer, rpc)]
            name = shown[0].name
        if not name:
            return told, f"nothing was written: {answer}"
        get = self.catalog.rpc_of(rpc.type, Kind.GET)
        shown.append(self._tenant.clients[rpc.type.service].call(get.path, name=name))
        taken = {field for one in shown for field in forged
                 if one.DESCRIPTOR.fields_by_name[field] in [known for known, _ in one.ListFields()]
                 and getattr(one, field) == getattr(record, field)}
        return told, f"{sorted(taken)} were taken from the caller" if taken else ""

    def _reset(self, rpc: Rpc, column: Field) -> tuple[Told, str]:
        """Another value for a field that is set for good."""
        request = self._request(rpc)
        element = _element(request)
        record = getattr(element, rpc.type.singular)
        get = self.catalog.rpc_of(rpc.type, Kind.GET)
        there = self._tenant.clients[rpc.type.service].call(get.path, name=record.name)
        _forge(record, column.name, unlike=there)
        element.update_mask.paths[:] = [column.name]
        return self.send(rpc, request.SerializeToString()), ""

    def _backdate(self, rpc: Rpc) -> tuple[Told, str]:
        request = self._request(rpc)
        record = getattr(_element(request), rpc.type.singular)
        for column in rpc.type.columns:
            if column.backdatable:
                _forge(record, column.name)
        told = self.send(rpc, request.SerializeToString())
        return (_of_row(told, rpc) if rpc.kind is Kind.IMPORT else told), ""

    # Requests that ask too much.

    def _page(self, rpc: Rpc, size: int) -> tuple[Told, str]:
        request = self._request(rpc)
        request.page_size = size
        told = self.send(rpc, request.SerializeToString())
        if told.code != "OK":
            return told, ""
        answer = _output(rpc).FromString(told.answer)
        items = max((len(value) for field, value in answer.ListFields()
                     if field.label == field.LABEL_REPEATED), default=0)
        is_crowded = rpc.type is not None and rpc.type.type == CROWD
        fits = items == PAGE_RECORDS if is_crowded else items <= PAGE_RECORDS
        return told, "" if fits else f"{items} records came"

    def _deep(self, rpc: Rpc):
        request = self._request(rpc)
        deep = "(" * PARENTHESES + "name:*" + ")" * PARENTHESES
        if "filter" in request.DESCRIPTOR.fields_by_name:
            request.filter = deep
        else:
            subscription = request.subscription
            del subscription.names[:]
            subscription.service = _service_of(rpc)
            subscription.resource_types[:] = [next(
                one.type for one in self.catalog.types.values()
                if one.service == subscription.service)]
            subscription.filter = deep
        return request


def all_differences(attacker: Attacker) -> tuple[int, list[str]]:
    """How many cells there are, and what is not as they say."""
    tried = cells(attacker.catalog)
    with ThreadPoolExecutor(THREADS) as pool:
        wrong = pool.map(lambda cell: attacker.attempt(*cell), tried)
    return len(tried), [text for texts in wrong for text in texts]


def _service_of(rpc: Rpc) -> str:
    return rpc.service if rpc.service in SERVICES else "sales"


def _output(rpc: Rpc):
    service, name = rpc.path.split("/")
    method = POOL.FindServiceByName(service).methods_by_name[name]
    return message_class(method.output_type.full_name)


def _element(request):
    """The part of a request that holds the record."""
    return request.requests[0] if "requests" in request.DESCRIPTOR.fields_by_name else request


def _first(answer, rpc: Rpc):
    batch = rpc.kind in (Kind.BATCH_CREATE, Kind.BATCH_UPDATE)
    return getattr(answer, rpc.type.plural)[0] if batch else record_of(answer, rpc.type)


def _of_row(told: Told, rpc: Rpc) -> Told:
    """What became of the only row of an import."""
    (row,) = _output(rpc).FromString(told.answer).rows
    if not row.HasField("error"):
        return told
    details = {one.TypeName(): one.value for one in row.error.details}
    info = message_class("google.rpc.ErrorInfo").FromString(details["google.rpc.ErrorInfo"])
    code = {3: "INVALID_ARGUMENT", 7: "PERMISSION_DENIED"}.get(row.error.code, str(row.error.code))
    return Told(code, info.reason, text=row.error.message)


def _unknown_field(size: int) -> bytes:
    """A field of that many bytes that no message knows."""
    length, rest = b"", size
    while rest >= 0x80:
        length += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return b"\xfa\x7f" + length + bytes([rest]) + b"x" * size


def _forge(record, name: str, unlike=None) -> None:
    """Gives the field a value that nobody else would; another one than `unlike` has."""
    descriptor = record.DESCRIPTOR.fields_by_name[name]
    if descriptor.label == descriptor.LABEL_REPEATED:
        value = getattr(record, name)
        if descriptor.type == descriptor.TYPE_MESSAGE:
            value.add()
        else:
            value.append(FORGED_TEXT)
    elif descriptor.type == descriptor.TYPE_MESSAGE:
        _forge_message(getattr(record, name), descriptor.message_type.full_name)
    elif descriptor.type == descriptor.TYPE_STRING:
        setattr(record, name, FORGED_NAME)
    elif descriptor.type == descriptor.TYPE_ENUM:
        present = getattr(unlike, name, 0) if unlike is not None else 0
        numbers = [one.number for one in descriptor.enum_type.values if one.number != 0]
        setattr(record, name, next(one for one in reversed(numbers) if one != present))
    elif descriptor.type == descriptor.TYPE_BOOL:
        setattr(record, name, True)
    else:
        setattr(record, name, FORGED_NUMBER)


def _forge_message(message, kind: str) -> None:
    match kind:
        case "google.protobuf.Timestamp" | "google.protobuf.Duration":
            message.seconds = LONG_AGO_S
        case "google.type.Money":
            message.currency_code, message.units = "USD", FORGED_NUMBER
        case "google.type.Date":
            message.year, message.month, message.day = 1999, 1, 2
        case _:
            message.SetInParent()
