"""The load of a trial, as a process of its own: an open loop of writes, reads and probes.

    python3 -m fault.trial.workload plan.json history.jsonl

Operations begin when the plan says, however long the ones before them take. One that may have had
an effect is repeated with the same request_id, a few times. The seed decides what is done when.
"""

import asyncio
import json
import os
import random
import sys
import time
import uuid
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path

os.environ.setdefault("no_proxy", "127.0.0.1")

import grpc  # noqa: E402 - the variable above is read when it is imported
import grpc.aio  # noqa: E402

from kit.api import OPTIONS, POOL, Refused, message_class  # noqa: E402

from fault.trial.history import (CREATE, FAIL, INFO, LIST, OK, PROBE, READ,  # noqa: E402
                                 UPDATE, Recorder)

ORGANIZATIONS = "lotura.accounts.v1.OrganizationService"
# What shows that a service answers, and reads its database.
PROBES = {
    "directory": ("lotura.directory.v1.UserService/ListUsers", {"page_size": 1}),
    "sales": ("lotura.sales.v1.PipelineService/ListPipelines", {"page_size": 1}),
    "communications": ("lotura.communications.v1.ActivityService/ListActivities", {"page_size": 1}),
    "analytics": ("lotura.analytics.v1.ReportService/QueryFunnel",
                  {"pipeline": "//sales.lotura/pipelines/none"}),
}
# The caller cannot know what became of it. RESOURCE_EXHAUSTED had no effect, but may be repeated.
UNKNOWN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNKNOWN,
           grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.RESOURCE_EXHAUSTED}
PAUSES_S = (0.3, 1.0, 3.0)  # Before the first, second and third repetition, jittered.
IN_FLIGHT_MAX = 5000
RECENT = 256  # Records that are read and updated.
CONNECTIONS = 2  # To each address.
PAGE = 20
# What gRPC 1.51 says, with UNKNOWN, of some calls whose connection broke.
STREAM_REMOVED = "Stream removed"
BEAT_S = 0.02


@dataclass(frozen=True)
class Plan:
    """What is done: operations a second by kind, for so long. Replicas are joined by commas."""

    addresses: dict[str, str]
    token: str
    seed: int
    seconds: float
    rates: dict[str, float] = field(default_factory=lambda: {CREATE: 500.0})
    call_s: float = 5.0
    authorities: str = ""  # A file of those who sign the services' certificates; empty: plain text.
    text_bytes: int = 0  # By how much each text is longer than it need be.

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> "Plan":
        return Plan(**json.loads(path.read_text(encoding="utf-8")))

    def schedule(self) -> list[tuple[float, str]]:
        """When each operation begins, and its kind; "probe" goes to each service in turn."""
        moments = []
        for kind, rate in self.rates.items():
            moments += [((step + 0.5) / rate, kind) for step in range(int(self.seconds * rate))]
        return sorted(moments)


def text_of(number: int, more: int) -> str:
    """What the record that an operation creates is called; no two have the same."""
    return f"trial {number}" + (" " + random.Random(number).randbytes(more // 2).hex() if more else "")


@dataclass
class Record:
    """The newest acknowledged version of a record that this process created."""

    name: str
    etag: str
    version: int
    is_busy: bool = False  # An update is under way, or nobody knows what became of one.


class Workload:
    """Runs a plan; everything happens on one event loop."""

    def __init__(self, plan: Plan, recorder: Recorder):
        self._plan = plan
        self._recorder = recorder
        self._recent: deque[Record] = deque(maxlen=RECENT)
        # Replicas are called in turn.
        self._channels = {service: [self._channel(address)
                                    for address in addresses.split(",") * CONNECTIONS]
                          for service, addresses in plan.addresses.items()}
        self._stubs: dict[tuple[str, int], object] = {}
        self._metadata = (("authorization", f"Bearer {plan.token}"),)
        self._probes = 0
        self._late: deque[tuple[float, float]] = deque(maxlen=512)
        self.broken: BaseException | None = None

    def _channel(self, address: str) -> grpc.aio.Channel:
        if not self._plan.authorities:
            return grpc.aio.insecure_channel(address, options=OPTIONS)
        known = grpc.ssl_channel_credentials(Path(self._plan.authorities).read_bytes())
        return grpc.aio.secure_channel(address, known, options=OPTIONS)

    async def run(self) -> None:
        start = time.monotonic()
        beat = asyncio.create_task(self._beat())
        under_way: set[asyncio.Task] = set()
        for number, (moment, kind) in enumerate(self._plan.schedule()):
            await asyncio.sleep(max(0.0, start + moment - time.monotonic()))
            while len(under_way) >= IN_FLIGHT_MAX:
                await asyncio.sleep(0.01)
            task = asyncio.create_task(self._perform(number, kind, start + moment))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            task.add_done_callback(self._note_end)
        if under_way:
            await asyncio.wait(under_way, timeout=self._plan.call_s * (len(PAUSES_S) + 1)
                               + sum(PAUSES_S) * 2)
        beat.cancel()
        if self.broken is not None:
            raise self.broken

    async def _beat(self) -> None:
        """Feels when this process itself is late, be it for want of a processor."""
        while True:
            begin = time.monotonic()
            await asyncio.sleep(BEAT_S)
            late = time.monotonic() - begin - BEAT_S
            if late > BEAT_S:
                self._late.append((begin + BEAT_S, late))

    def _took(self, begin: float) -> float:
        """Seconds since then, without those by which this process was late at the end."""
        now = time.monotonic()
        late = max((late for due, late in self._late if due + late >= now - 2 * BEAT_S), default=0.0)
        return round(now - begin - late, 4)

    def _note_end(self, task: asyncio.Task) -> None:
        """A bug of the load itself must not look like a silent caller."""
        if not task.cancelled() and task.exception() is not None:
            self.broken = task.exception()

    async def _perform(self, number: int, kind: str, begin: float) -> None:
        if kind == PROBE:
            await self._probe(number, begin)
        elif kind == CREATE or not self._recent:
            await self._create(number, begin)
        elif kind == READ:
            await self._read(number, begin)
        elif kind == LIST:
            await self._list(number, begin)
        else:
            await self._update(number, begin)

    def _chance(self, number: int) -> random.Random:
        """Of one operation, so that what others do does not change what it does."""
        return random.Random(f"{self._plan.seed}/{number}")

    def _request_id(self, number: int) -> str:
        return str(uuid.UUID(int=self._chance(number).getrandbits(128), version=4))

    async def _create(self, number: int, begin: float) -> None:
        request, text = self._request_id(number), text_of(number, self._plan.text_bytes)
        self._invoke(number, begin, CREATE, request=request, version=1, text=text)
        answer = await self._call(number, "accounts", f"{ORGANIZATIONS}/CreateOrganization", {
            "request_id": request,
            "organization": {"display_name": text, "employee_count": 1}})
        if answer is not None:
            self._recent.append(Record(answer.name, answer.etag, 1))
            self._note_ok(number, answer, name=answer.name)

    async def _update(self, number: int, begin: float) -> None:
        free = [record for record in self._recent if not record.is_busy]
        if not free:
            await self._create(number, begin)
            return
        record = self._chance(number).choice(free)
        record.is_busy = True
        request, version = self._request_id(number), record.version + 1
        self._invoke(number, begin, UPDATE, request=request, name=record.name, version=version)
        answer = await self._call(number, "accounts", f"{ORGANIZATIONS}/UpdateOrganization", {
            "request_id": request, "update_mask": {"paths": ["employee_count"]},
            "organization": {"name": record.name, "etag": record.etag,
                             "employee_count": version}})
        if answer is not None:
            record.etag, record.version, record.is_busy = answer.etag, version, False
            self._note_ok(number, answer)

    async def _read(self, number: int, begin: float) -> None:
        record = self._chance(number).choice(self._recent)
        self._invoke(number, begin, READ, name=record.name, at_least=record.version)
        answer = await self._call(number, "accounts", f"{ORGANIZATIONS}/GetOrganization",
                                  {"name": record.name})
        if answer is not None:
            self._note_ok(number, answer)

    def _note_ok(self, number: int, answer, **fields) -> None:
        self._recorder.note(number, OK, time.monotonic(), version=answer.employee_count,
                            seen=[_seen(answer)], **fields)

    async def _list(self, number: int, begin: float) -> None:
        """Lists come from the database, whatever the cache holds."""
        self._invoke(number, begin, LIST)
        answer = await self._call(number, "accounts", f"{ORGANIZATIONS}/ListOrganizations",
                                  {"page_size": PAGE})
        if answer is not None:
            self._recorder.note(number, OK, time.monotonic(),
                                seen=[_seen(one) for one in answer.organizations])

    async def _probe(self, number: int, begin: float) -> None:
        service = list(PROBES)[self._probes % len(PROBES)]
        self._probes += 1
        self._invoke(number, begin, PROBE, service=service)
        method, fields = PROBES[service]
        if await self._call(number, service, method, fields) is not None:
            self._recorder.note(number, OK, time.monotonic())

    def _invoke(self, number: int, begin: float, kind: str, service: str = "accounts",
                **fields) -> None:
        self._recorder.note(number, "invoke", begin, kind=kind, service=service, **fields)

    async def _call(self, number: int, service: str, method: str, fields: dict):
        """The answer; None after the outcome of a failure was noted."""
        request = message_class(_input_of(method))(**fields)
        stub = self._stub(service, method, number)
        was_unknown = False
        for pause in (*PAUSES_S, None):
            begin = time.monotonic()
            try:
                return await stub(request, timeout=self._plan.call_s, metadata=self._metadata)
            except grpc.RpcError as error:
                refused = Refused(error)
            is_unknown = refused.code in UNKNOWN
            was_unknown = was_unknown or is_unknown
            if not is_unknown or pause is None:
                break
            self._recorder.note(number, "retry", time.monotonic(), code=_told(refused),
                                took=self._took(begin))
            await asyncio.sleep(pause * self._chance(number).uniform(0.8, 1.2))
        self._recorder.note(number, INFO if was_unknown else FAIL, time.monotonic(),
                            reason=_told(refused),
                            took=self._took(begin))
        return None

    def _stub(self, service: str, method: str, number: int):
        channels = self._channels[service]
        turn = number % len(channels)
        if (method, turn) not in self._stubs:
            answer = message_class(POOL.FindServiceByName(method.split("/")[0]).methods_by_name[
                method.split("/")[1]].output_type.full_name)
            self._stubs[method, turn] = channels[turn].unary_unary(
                f"/{method}", request_serializer=lambda message: message.SerializeToString(),
                response_deserializer=answer.FromString)
        return self._stubs[method, turn]


def _told(refused: Refused) -> str:
    reason = refused.reason or (STREAM_REMOVED if STREAM_REMOVED in str(refused) else "")
    return f"{refused.code.name} {reason}".strip()


def _seen(organization) -> tuple[str, int, str]:
    return organization.name, organization.employee_count, organization.display_name


def _input_of(method: str) -> str:
    service, name = method.split("/")
    return POOL.FindServiceByName(service).methods_by_name[name].input_type.full_name


def main(plan: str, history: str) -> None:
    recorder = Recorder(Path(history))
    try:
        asyncio.run(_run(Plan.read(Path(plan)), recorder))
    finally:
        recorder.close()
    # Calls of this release's gRPC that broke off may keep the end of an event loop waiting forever.
    os._exit(0)


async def _run(plan: Plan, recorder: Recorder) -> None:
    # Channels belong to the loop that runs when they are made.
    await Workload(plan, recorder).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
