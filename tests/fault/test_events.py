"""Subscribers by the hundred: idle ones, slow ones, and a service that is killed under them."""

import re
import time
from datetime import datetime, timedelta, timezone

import grpc
import pytest

from devkit.process import wait_until
from fault.announced import Sources, query
from kit.api import Client, request_id
from kit.crowd import Crowd
from kit.events import Subscriber

SERVICE = "lotura.accounts.v1.OrganizationService"
TENANT = "00000000-0000-4000-8000-000000fa0e01"
LIVE, IDLE, SLOW = 100, 1000, 50
ROUNDS = 20
ROUND_S = 0.25
BOUND_S = 180
# What all subscribers together may add to the service: rings, streams that wait for slow readers at a MiB each.
MEMORY_MAX = 300 << 20
# Of events with some 200 kB each: five times as much as the service may take if it kept them all.
LARGE = 150
BLOB = "x" * 99_000
KILLS = 3


def metric(stack, series: str, service: str = "accounts") -> float:
    """The sum of all series that begin like this."""
    pattern = re.compile(rf"^{re.escape(series)}[^ ]* (\S+)$", re.MULTILINE)
    return sum(float(value) for value in pattern.findall(stack.exposition(service)))


def memory(stack, service: str) -> float:
    return metric(stack, "process_resident_memory_bytes", service)


def feed_reads(stack) -> dict[str, float]:
    return {kind: metric(stack, f'lotura_feed_reads_total{{kind="{kind}"')
            for kind in ("tail", "open", "catch_up", "snapshot")}


def statements(stack) -> float:
    """That the service has sent to its database."""
    return metric(stack, "lotura_db_statement_seconds_count")


class Writer:
    """Makes versions of a few organizations, one after the other."""

    def __init__(self, stack, tenant: str = TENANT):
        self._client = Client(stack.grpc("accounts"), stack.issuer.mint(tenant=tenant))
        self.acknowledged: dict[str, int] = {}

    def create(self, name: str) -> None:
        self._until_done(f"{SERVICE}/CreateOrganization", organization_id=name,
                         organization={"display_name": name}, request_id=request_id())
        self.acknowledged[f"organizations/{name}"] = 1

    def change(self, name: str, text: str) -> None:
        self._until_done(f"{SERVICE}/UpdateOrganization", request_id=request_id(),
                         organization={"name": f"organizations/{name}", "display_name": text},
                         update_mask={"paths": ["display_name"]})
        self.acknowledged[f"organizations/{name}"] += 1

    def _until_done(self, method: str, **fields) -> None:
        """Repeats what the service did not answer, under the same request_id."""
        def done() -> bool:
            try:
                self._client.call(method, **fields)
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED,
                                        grpc.StatusCode.DEADLINE_EXCEEDED,
                                        grpc.StatusCode.UNKNOWN):
                    raise
                return False
            return True
        assert wait_until(done, BOUND_S)

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def writer(stack):
    made = Writer(stack)
    yield made
    made.close()


def crowd(stack, count: int, tenant: str = TENANT, service: str = "accounts",
          **options) -> Crowd:
    return Crowd(stack.grpc(service), stack.issuer.mint(tenant=tenant, ttl_s=3600), count,
                 service=service, **options)


def cost_of_rounds(stack, writer, name: str) -> tuple[float, dict[str, float]]:
    """Statements a second, and reads of the feed, while a record changes at a steady pace."""
    reads, before, begun = feed_reads(stack), statements(stack), time.monotonic()
    for number in range(ROUNDS):
        writer.change(name, f"{name} {number}")
        due = begun + (number + 1) * ROUND_S
        wait_until(lambda: time.monotonic() >= due, ROUND_S)
    seconds = time.monotonic() - begun
    after = feed_reads(stack)
    return ((statements(stack) - before) / seconds,
            {kind: after[kind] - count for kind, count in reads.items()})


def test_a_thousand_idle_subscribers_leave_the_queries_as_they_are(stack, writer):
    writer.create("idle")
    with crowd(stack, LIVE).wait_open(BOUND_S) as live:
        alone, alone_reads = cost_of_rounds(stack, writer, "idle")
        with (crowd(stack, IDLE // 2, credit=0).wait_open(BOUND_S),
              crowd(stack, IDLE // 2, tenant=TENANT.replace("e01", "e02")).wait_open(BOUND_S)):
            together, reads = cost_of_rounds(stack, writer, "idle")
        expected = writer.acknowledged["organizations/idle"] - 1
        assert live.wait(lambda one: min(one.events) >= expected, BOUND_S)

    print(f"statements a second: {alone:.0f} with {LIVE} live, {together:.0f} with {IDLE} idle "
          f"beside them; reads of the feed: {alone_reads} and {reads}")
    assert all(versions["organizations/idle"] == list(range(2, expected + 2))
               for versions in live.versions)
    assert not live.errors
    assert reads["open"] == reads["catch_up"] == reads["snapshot"] == 0
    # One query for each heartbeat of the idle would more than double them.
    assert together <= alone * 1.5


def test_slow_readers_cost_bounded_memory_and_lose_nothing(stack):
    activities = "lotura.communications.v1.ActivityService"
    service = "communications"
    with (Client(stack.grpc(service), stack.issuer.mint(tenant=TENANT)) as client,
          crowd(stack, 1, service=service).wait_open(BOUND_S)):
        client.call(f"{activities}/CreateActivity", activity_id="slow", request_id=request_id(),
                    activity={"kind": "KIND_NOTE", "subject": "Slow",
                              "start_time": {"seconds": 1_700_000_000}})
        before = memory(stack, service)
        with crowd(stack, SLOW, reads=False, service=service).wait_open(BOUND_S) as slow:
            for number in range(LARGE):
                client.call(f"{activities}/UpdateActivity", request_id=request_id(),
                            activity={"name": "activities/slow", "body": f"{BLOB}{number:04}"},
                            update_mask={"paths": ["body"]})
            during = memory(stack, service)
            first = slow.tokens[0]
        print(f"memory of the service: {before / 2**20:.0f} MiB, then {during / 2**20:.0f} MiB")
        assert during - before < MEMORY_MAX

        with Subscriber(client, service=service, start="TOKEN", resume_token=first) as again:
            assert again.wait(lambda one: len(one.events) >= LARGE, BOUND_S), again.refusal(0)
            assert again.versions() == {"activities/slow": list(range(2, LARGE + 2))}


def test_each_sees_each_version_once_though_the_service_is_killed(stack, writer):
    with crowd(stack, LIVE).wait_open(BOUND_S) as live:
        for number in range(5):
            writer.create(f"killed-{number}")
        for kill in range(KILLS):
            for number in range(20):
                writer.change(f"killed-{number % 5}", f"{kill} {number}")
            stack.member("accounts").kill()
            stack.member("accounts").start()
            for number in range(20):
                writer.change(f"killed-{number % 5}", f"{kill} again {number}")
        total = sum(writer.acknowledged.values())
        assert live.wait(lambda one: min(one.events) >= total, BOUND_S), (
            total, min(live.events), live.errors[:3])

    print(f"{live.broken} streams broke and went on; each saw {total} events")
    expected = {name: list(range(1, count + 1)) for name, count in writer.acknowledged.items()}
    assert all(versions == expected for versions in live.versions)
    assert live.broken >= LIVE


def test_an_expired_token_names_the_earliest_that_is_kept(stack, writer):
    writer.create("kept")
    with Client(stack.grpc("accounts"), stack.issuer.mint(tenant=TENANT)) as client:
        with Subscriber(client, credit=0, service="accounts", start="EARLIEST").wait_open() as old:
            token = old.token
        # As the upkeep does when a day is older than the journal is kept.
        yesterday = datetime.now(timezone.utc) - timedelta(days=1)
        query(Sources.of(stack), "SET search_path = accounts; SELECT "
              f"drop_day_partition('journal', '{yesterday:%Y-%m-%d}')")
        # Days are believed for a second.
        refusal = None

        def refused() -> bool:
            nonlocal refusal
            with Subscriber(client, credit=0, service="accounts", start="TOKEN",
                            resume_token=token) as late:
                late.wait(lambda one: one.heartbeats or one.error is not None)
                refusal = late.refusal(0)
            return refusal is not None

        assert wait_until(refused, 30)
        assert (refusal.code.name, refusal.reason) == ("OUT_OF_RANGE", "EVENTS_EXPIRED")
        earliest = refusal.metadata["earliest_token"]
        with Subscriber(client, service="accounts", start="TOKEN", resume_token=earliest,
                        names=["organizations/kept"]) as again:
            assert again.wait(lambda one: one.events), again.refusal(0)
