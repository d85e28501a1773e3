"""Bits that flip between Kafka and the services are noticed: no event is believed or skipped."""

import random

import pytest


from devkit.stack import Arrangement, Stack
from conftest import BINARIES
from fault.announced import Sources, await_handled, check, query
from fault.trial.gate import ENDED_BY_LIBRDKAFKA, Gate, corrupt
from load import Load

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


def test_events_with_flipped_bits_are_read_once_more(gated):
    stack, gate = gated
    with Load(stack.grpc("accounts"), stack.issuer.mint()) as load:
        load.await_writes(WRITES)
        gate.behavior = corrupt(random.Random(7))
        load.await_writes(WRITES)
        gate.heal()
        load.await_writes(WRITES)
        load.end()

    for service in stack.revive():
        assert ENDED_BY_LIBRDKAFKA.search(service.log.read_text())
    sources = Sources.of(stack)
    check(sources, "accounts")
    await_handled(sources, CONSUMER, "accounts")
    assert load.tally.failures == []
    assert query(sources, INVENTED) == [(0,)]
