"""Bits that flip between Kafka and the services are noticed: no event is believed or skipped."""

import random

import pytest

from devkit.process import wait_until
from devkit.stack import Arrangement, Stack
from conftest import BINARIES
from fault.announced import PUBLISH_SECONDS, Sources, check, query, unhandled
from fault.crash import Crashes
from fault.trial.gate import Gate, corrupt
from load import PROGRESS_SECONDS, Load

WRITES = 300
CONSUMER = "communications.timeline"
INVENTED = """SELECT count(*) FROM communications.inbox i WHERE i.consumer = 'timeline'
AND NOT EXISTS (SELECT 1 FROM accounts.journal j WHERE j.event_id = i.event_id)"""


@pytest.fixture
def gated(tmp_path):
    """A stack whose services reach Kafka through a gate, and the gate."""
    with Stack(tmp_path, BINARIES) as stack, Gate(("127.0.0.1", stack.ports["kafka"])) as gate:
        stack.kafka.advertised = gate.port
        stack.variables["LOTURA_KAFKA_BROKERS"] = gate.address
        stack.start_backends()
        stack.start_services(Arrangement.SEPARATE)
        yield stack, gate


class Reviver:
    """Starts again what librdkafka ends, as an orchestrator does, and nothing else."""

    def __init__(self, stack: Stack):
        self._stack = stack
        self._crashes = Crashes()
        self.ended: set[str] = set()

    def __call__(self) -> None:
        for service in self._stack.revive():
            told = service.log.read_text()[-4000:]
            assert self._crashes.is_of_librdkafka(service), f"{service.name} ended: {told}"
            self.ended.add(service.name)

    def await_writes(self, load: Load, more: int) -> None:
        goal = load.tally.writes + more

        def reached() -> bool:
            self()
            return load.tally.writes >= goal

        assert wait_until(reached, PROGRESS_SECONDS), f"{load.tally.writes} of {goal} writes"


def test_events_with_flipped_bits_are_read_once_more(gated):
    stack, gate = gated
    with Load(stack.grpc("accounts"), stack.issuer.mint()) as load:
        load.await_writes(WRITES)
        revive = Reviver(stack)
        gate.behavior = corrupt(random.Random(7))
        revive.await_writes(load, WRITES)
        gate.heal()
        revive.await_writes(load, WRITES)
        load.end()

    sources = Sources.of(stack)
    # What came over the gate before it was healed may be looked at only now.
    assert wait_until(lambda: revive() or unhandled(sources, CONSUMER, "accounts") == 0,
                      PUBLISH_SECONDS), f"{unhandled(sources, CONSUMER, 'accounts')} are not handled"
    check(sources, "accounts")
    # Whoever calls a service that has ended is told to come again, and nothing else.
    expected = "UNAVAILABLE" if "accounts" in revive.ended else "nothing"
    assert [failure for failure in load.tally.failures if not failure.startswith(expected)] == []
    assert query(sources, INVENTED) == [(0,)]
