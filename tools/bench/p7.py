"""P7: a consumer against its statements alone."""

import time

from bench.batches import PLANS, repeated, rows_of
from bench.figures import Goal
from bench.p6 import fill, publish_all, seed, wait_for, warm_broker
from bench.programs import run_pgbench
from bench.rig import Rig, accounts
from bench.run import Run
from bench.statements import Statement, capture

TITLE = ("consumer with inbox and projection, the timeline of communications, from Kafka / pgbench "
         "with the same statements, in batches of the same size, one connection")
GOAL = 0.70
EVENTS = 300_000
# Enough for some whole batches.
SAMPLE_EVENTS = 10_000
HANDLED = "lotura_consumer_handled_total"
# The consumer has one thread.
CLIENTS = 1
# What the statements of a batch are known by, in their order.
PARTS = ("INSERT INTO inbox", "UPDATE dead_letter", "INSERT INTO timeline_entry",
         "INSERT INTO record_state")
RECORD = "'//accounts.lotura/people/b-' || :n || '-' || i"
FRESH = {"event_id": "gen_random_uuid()", "entry_id": "gen_random_uuid()::text", "record": RECORD,
         "source": RECORD, "name": RECORD}


def publish(rig: Rig, events: int) -> None:
    """Leaves so many events in the topic, and the relay idle."""
    fill(rig, events)
    publish_all(rig)


def consume(consumer: Rig, events: int) -> float:
    """Events a second, from the first ones that were handled until all are."""
    with consumer.running():
        wait_for(lambda: consumer.metric(HANDLED) > 0, "the consumer did not begin.")
        before, began = consumer.metric(HANDLED), time.monotonic()
        wait_for(lambda: consumer.metric(HANDLED) >= events, "the consumer did not handle all.")
        return (events - before) / (time.monotonic() - began)


def batch_of(seen: list[Statement], part: float) -> list[Statement]:
    """The statements of a transaction of the consumer: the largest for the part 1.0, the median for
    0.5."""
    begins = sorted((place for place, one in enumerate(seen) if PARTS[0] in one.text),
                    key=lambda place: rows_of(seen[place]))
    begin = begins[max(0, round(part * len(begins)) - 1)]
    return [next(one for one in seen[begin:] if text in one.text) for text in PARTS]


def measure(run: Run) -> list[Goal]:
    events = run.rows_or(EVENTS)
    with accounts(run.directory / "stack") as rig:
        seed(rig)
        consumer = rig.neighbor("communications")
        publish(rig, SAMPLE_EVENTS)
        warm_broker(rig)
        batch = batch_of(capture(rig.stack, lambda: consume(consumer, SAMPLE_EVENTS)), 1.0)
        script = run.directory / "consume.pgbench"
        script.write_text(repeated(consumer, batch, FRESH), encoding="utf-8")
        rows = rows_of(batch[0])

        def ours() -> float:
            publish(rig, events)
            return consume(consumer, events)

        pairs = run.interleave(ours, lambda: rows * run_pgbench(
            consumer.conninfo_with(PLANS), script, clients=CLIENTS, span=run.span).tps)
    run.note("events in a batch", str(rows))
    run.note_means("events a second: consumer, its statements alone", pairs)
    return [Goal("events consumed / its statements alone",
                 tuple(consumed / alone for consumed, alone in pairs), ">=", GOAL)]
