"""P6: the relay against what reading and producing cost alone."""

import time
from collections.abc import Callable

import psycopg2

from devkit.console import Failure
from devkit.process import wait_until

from bench.figures import Goal, composed
from bench.programs import Span, run_program
from bench.rig import Rig, accounts, with_commit_times
from bench.run import Run
from bench.sample_rows import DEFAULTED, columns_of
from bench.topic import date_by_broker, dates_of_events

TITLE = ("relay: draining 10^6 journal entries with 1,000 writes a second meanwhile / composed limit "
         "of COPY of the same rows and a bare librdkafka producer of the same messages")
DRAIN_GOAL = 0.60
DELAY_GOAL = 5
BACKLOG = 1_000_000
CHUNK = 10_000
# Entries that differ: what is all alike would be packed better than what services write.
KINDS = 500
WARM_UP = Span(warm_up_s=0.0, measured_s=20.0)
SEED = Span(warm_up_s=0.0, measured_s=1.0)
WRITES_MEANWHILE = 1_000
WRITES_OF_LATENCY = 2_000
DRAIN_S = 600
LOOK_S = 0.25
MEANWHILE = Span(warm_up_s=0.0, measured_s=DRAIN_S)
TOPIC = "lotura.accounts.v1"
WRITTEN = "lotura_write_units_total"
NEARLY_ALL = 0.95
PUBLISHED = "lotura_relay_published_total"
OLDEST = "lotura_journal_oldest_unpublished_seconds"
DELAY = "lotura_relay_delay_seconds"
COPY = ("COPY (SELECT * FROM accounts.journal ORDER BY xid, seq LIMIT 1000000) "
        "TO STDOUT (FORMAT binary)")
COMMITTED = ("SELECT event_id, extract(epoch FROM pg_xact_commit_timestamp(xmin)) "
             "FROM accounts.journal WHERE name ~ '^people/p{run}-'")


def seed(rig: Rig) -> None:
    """Leaves some thousand entries in the journal, after which a backlog is made."""
    rig.load("create-person", SEED, in_flight=16, run="seed")


def await_rest(rig: Rig) -> None:
    """Waits until all that was written is published."""
    wait_for(lambda: rig.metric(OLDEST) == 0, "the relay did not come to rest.")


def publish_all(rig: Rig) -> None:
    """Lets the relay come to rest, and keeps it there."""
    rig.release_lease()
    await_rest(rig)
    rig.take_lease()


def warm_broker(rig: Rig) -> None:
    """Has it do what will be measured: at first Java compiles what it does often, which takes more
    than twice the processor's time of the work itself. The topic of events has some by now."""
    produce(rig, WARM_UP, "bench-warm", receive=1)


def fill(rig: Rig, count: int = BACKLOG) -> None:
    """Adds a backlog: entries like the newest ones in turn, in transactions of 10,000."""
    with psycopg2.connect(rig.conninfo) as connection, connection.cursor() as cursor:
        columns = [name for name in columns_of(cursor, "journal") if name not in DEFAULTED]
        fresh = {"event_id": "gen_random_uuid()", "name": "'people/j-' || i"}
        values = ", ".join(fresh.get(name, f"j.{name}") for name in columns)
        for start in range(0, count, CHUNK):
            cursor.execute(
                f"INSERT INTO journal ({', '.join(columns)}) SELECT {values} FROM "
                "generate_series(%s, %s) AS g(i) JOIN (SELECT *, row_number() OVER () - 1 AS place "
                "FROM (SELECT * FROM journal ORDER BY xid DESC, seq DESC LIMIT %s) AS newest) j "
                "ON j.place = i %% %s", (start, start + CHUNK - 1, KINDS, KINDS))
            if cursor.rowcount != CHUNK:
                raise Failure(f"the journal has fewer than {KINDS} entries to begin with.")
            connection.commit()
    rig.query("VACUUM ANALYZE accounts.journal")


def read_rate(rig: Rig) -> float:
    """Rows a second of a COPY that goes nowhere."""
    with psycopg2.connect(rig.conninfo) as connection, connection.cursor() as cursor, \
         open("/dev/null", "wb") as nowhere:
        began = time.monotonic()
        cursor.copy_expert(COPY, nowhere)
        return BACKLOG / (time.monotonic() - began)


def produce(rig: Rig, span: Span, topic: str, rate: int = 0, **flags) -> dict:
    """What lotura-bench-producer prints of messages like those that the relay has produced."""
    printed = run_program("lotura-bench-producer", span=span, brokers=rig.stack.kafka.brokers,
                          like=TOPIC, topic=topic, rate=rate, **flags)
    if printed["failed"]:
        raise Failure(f"{printed['failed']} messages of the bare producer failed.")
    return printed


def drain_rate(rig: Rig, run: str) -> float:
    """Entries a second that the relay publishes until the backlog is gone."""
    fill(rig)
    with rig.load_meanwhile("create-person", MEANWHILE, rate=WRITES_MEANWHILE, run=run):
        at_rest = rig.metric(PUBLISHED)
        rig.release_lease()
        # The relay looks at the lease once a second.
        wait_for(lambda: rig.metric(PUBLISHED) > at_rest, "the relay did not begin.")
        began = time.monotonic()
        published, writes = rig.counted(lambda: published_of_backlog(rig), (WRITTEN, ""))
        took = time.monotonic() - began
    rig.take_lease()
    if writes < NEARLY_ALL * WRITES_MEANWHILE * took:
        raise Failure(f"only {writes / took:.0f} writes a second came meanwhile.")
    return published / took


def published_of_backlog(rig: Rig) -> float:
    """How many entries were published until the backlog was gone."""
    before = rig.metric(PUBLISHED)
    wait_for(lambda: rig.metric(PUBLISHED) - before >= BACKLOG - CHUNK,
             "the relay did not drain its journal.")
    return rig.metric(PUBLISHED) - before


def wait_for(condition: Callable[[], bool], otherwise: str) -> None:
    """Looks rarely enough to cost the service, which shows all of its metrics, next to nothing."""
    if not wait_until(condition, DRAIN_S, LOOK_S):
        raise Failure(otherwise)


def percentile_us(before: list[tuple[float, float]], after: list[tuple[float, float]],
                  part: float) -> float:
    """Of what a histogram counted between two looks, by interpolation within a bucket."""
    counts = [(limit, count - old) for (limit, count), (_, old) in zip(after, before, strict=True)]
    wanted = part * counts[-1][1]
    low, below = 0.0, 0.0
    for limit, count in counts:
        if count >= wanted:
            return (low + (limit - low) * (wanted - below) / max(count - below, 1)) * 1e6
        low, below = limit, count
    raise Failure("the histogram counted nothing.")


def delays_us(rig: Rig, span: Span, run: str) -> tuple[float, float]:
    """p99 of the time from a write until the broker confirmed its event, and from the commit until
    the broker had it, which is less by a wait for the commit and a way back."""
    for seconds, name in ((span.warm_up_s, f"{run}w"), (span.measured_s, run)):
        before = rig.buckets(DELAY)
        rig.load("create-person", Span(0.0, seconds), rate=WRITES_OF_LATENCY, run=name)
        await_rest(rig)
    confirmed = percentile_us(before, rig.buckets(DELAY), 0.99)
    rows = [line.split("|") for line in rig.query(COMMITTED.format(run=run)).splitlines()]
    had = dates_of_events(rig.stack, TOPIC, min(float(commit) for _, commit in rows))
    delays = sorted(had[event] - float(commit) for event, commit in rows)
    return confirmed, delays[round(0.99 * len(delays)) - 1] * 1e6


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack", with_commit_times) as rig:
        seed(rig)
        publish_all(rig)
        warm_broker(rig)
        # The way from the journal to the broker, too.
        drain_rate(rig, "warm")
        rounds = iter(range(100))
        drained = run.interleave(
            lambda: drain_rate(rig, f"d{next(rounds)}"), lambda: read_rate(rig),
            lambda: produce(rig, run.span, "bench-full")["per_second"])
        rig.release_lease()
        await_rest(rig)
        date_by_broker(rig.stack, TOPIC)
        delays = run.interleave(
            lambda: delays_us(rig, run.span, f"l{next(rounds)}"),
            lambda: produce(rig, run.span, "bench-rate", WRITES_OF_LATENCY)["confirmed_us"]["p99"])
    run.note_means("entries drained, rows copied, messages produced a second", drained)
    run.note_means("p99, us: write to confirmation, commit to broker, bare producer",
                   [(*ours, bare) for ours, bare in delays])
    return [Goal("relay's drain / composed limit",
                 tuple(ours / composed(rows, messages) for ours, rows, messages in drained),
                 ">=", DRAIN_GOAL),
            Goal("p99 from write to confirmation / bare producer's",
                 tuple(confirmed / bare for (confirmed, _), bare in delays), "<=", DELAY_GOAL)]
