"""Kafka and Redis may be gone: writes go on, nothing is lost, nothing stale is read."""

import os
import signal

import pytest

from fault.announced import Sources, await_handled, check
from load import Load

# A trial of its own may ask for a longer one.
OUTAGE_S = float(os.environ.get("LOTURA_OUTAGE_S", "60"))
WRITES = 100
CONSUMERS = ("communications.timeline", "analytics.facts", "sales.foreign_records")


@pytest.fixture
def load(stack):
    with Load(stack.grpc("accounts"), stack.issuer.mint()) as running:
        running.await_writes(WRITES)
        yield running


def test_without_kafka_no_write_fails_and_all_events_arrive_later_in_order(stack, load):
    before = load.tally.writes

    stack.kafka.stop()
    load.run(OUTAGE_S)
    written = load.tally.writes - before
    stack.kafka.start()
    stack.kafka.wait_ready()
    load.await_writes(WRITES)
    load.end()

    assert load.tally.failures == []
    assert written > OUTAGE_S
    assert check(Sources.of(stack), "accounts") >= load.tally.writes
    for consumer in CONSUMERS:
        await_handled(Sources.of(stack), consumer, "accounts")


def test_killed_kafka_comes_back_and_has_everything(stack, load):
    stack.kafka.kill()
    stack.kafka.start()
    stack.kafka.wait_ready()
    load.await_writes(WRITES)
    load.end()

    assert load.tally.failures == []
    check(Sources.of(stack), "accounts")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_without_redis_nothing_fails_and_nothing_stale_is_read(stack, load, end):
    getattr(stack.redis, end)()
    load.await_writes(WRITES)
    stack.redis.start()
    stack.redis.wait_ready()
    load.await_writes(WRITES)

    assert load.tally.failures == []


def test_with_hanging_redis_nothing_fails_and_nothing_stale_is_read(stack, load):
    stack.redis.record().send(signal.SIGSTOP)
    try:
        load.await_writes(WRITES)
    finally:
        stack.redis.record().send(signal.SIGCONT)
    load.await_writes(WRITES)

    assert load.tally.failures == []


def test_emptied_redis_is_filled_anew_and_nothing_stale_is_read(stack, load):
    for _ in range(5):
        stack.redis.restart()
        load.await_writes(WRITES // 5)

    assert load.tally.failures == []
