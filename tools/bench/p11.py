"""P11: how long until another service knows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from devkit.console import Failure

from bench.batches import PLANS, repeated, rows_of
from bench.figures import Goal
from bench.p6 import produce, wait_for, warm_broker
from bench.p7 import CLIENTS as CONSUMER_CLIENTS
from bench.p7 import FRESH, batch_of
from bench.programs import Pgbench, Span, run_pgbench
from bench.rig import Rig, accounts, with_commit_times
from bench.run import Run
from bench.sample_rows import script_of_create
from bench.statements import capture

TITLE = ("from a write in accounts to its entry in a timeline of communications, 1,000 events a "
         "second, two replicas of each / the sum of commit, Kafka there and back, and the consumer's "
         "commit, each alone at that rate")
MEDIAN_GOAL, TAIL_GOAL = 2, 3
RATE = 1_000
COMMIT_CLIENTS = 16
# As long as a consumer takes to join.
JOIN_S = 5.0
WARM_UP = Span(warm_up_s=0.0, measured_s=8.0)
# Of the people of one run. An entry is visible to whoever asks after its transaction's commit.
MISSING = """
SELECT count(*) FROM accounts.journal j LEFT JOIN communications.timeline_entry t
  ON t.tenant_id = j.tenant_id AND t.record = '//accounts.lotura/' || j.name
  AND t.entry_id = j.event_id::text
WHERE j.name ~ '^people/p{run}[ab]-' AND t.entry_id IS NULL"""
DELAYS = """
SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY delay),
  percentile_disc(0.99) WITHIN GROUP (ORDER BY delay)
FROM (SELECT extract(epoch FROM pg_xact_commit_timestamp(t.xmin) - j.create_time) * 1e6 AS delay,
        j.create_time, min(j.create_time) OVER () AS first
      FROM accounts.journal j JOIN communications.timeline_entry t
        ON t.tenant_id = j.tenant_id AND t.record = '//accounts.lotura/' || j.name
        AND t.entry_id = j.event_id::text
      WHERE j.name ~ '^people/p{run}[ab]-') AS one
WHERE create_time >= first + {warm_up_s} * interval '1 second'"""


@dataclass(frozen=True)
class Delay:
    """Microseconds."""

    p50: float
    p99: float

    def __add__(self, other: "Delay") -> "Delay":
        return Delay(self.p50 + other.p50, self.p99 + other.p99)

    def __str__(self) -> str:
        return f"{self.p50 / 1e3:.1f} and {self.p99 / 1e3:.1f} ms"


def of_pgbench(measured: Pgbench) -> Delay:
    return Delay(measured.percentile_us(0.5), measured.percentile_us(0.99))


class Writers:
    """Two replicas of accounts, each of which gets half of the events."""

    def __init__(self, replicas: tuple[Rig, Rig]):
        self._replicas = dict(zip("ab", replicas, strict=True))

    def write(self, span: Span, run: str) -> None:
        with ThreadPoolExecutor(max_workers=len(self._replicas)) as pool:
            for load in [pool.submit(rig.load, "create-person", span, rate=RATE // 2,
                                     run=f"{run}{half}")
                         for half, rig in self._replicas.items()]:
                load.result()

    def delay(self, rig: Rig, span: Span, run: str) -> Delay:
        """From the begin of a write's transaction to the commit of its entry."""
        self.write(span, run)
        wait_for(lambda: rig.admin_query(MISSING.format(run=run)) == "0",
                 "events did not reach the timeline.")
        count, p50, p99 = map(float, rig.admin_query(
            DELAYS.format(run=run, warm_up_s=span.warm_up_s)).split("|"))
        if count < RATE * span.measured_s / 2:
            raise Failure(f"only {count:.0f} events were measured.")
        return Delay(p50, p99)


class Parts:
    """What each part takes alone at the same rate."""

    def __init__(self, run: Run, rig: Rig, consumer: Rig, writers: Writers):
        self._run, self._rig, self._consumer = run, rig, consumer
        self._create = run.directory / "create.pgbench"
        self._create.write_text(script_of_create(rig.conninfo), encoding="utf-8")
        batch = batch_of(capture(rig.stack, lambda: writers.write(WARM_UP, "seen")), 0.5)
        self.rows = rows_of(batch[0])
        self._consume = run.directory / "consume.pgbench"
        self._consume.write_text(repeated(consumer, batch, FRESH), encoding="utf-8")

    def measure(self) -> tuple[Delay, Delay, Delay]:
        """Commit of a write, Kafka from sending to receiving, commit of the consumer."""
        span = self._run.span
        commit = run_pgbench(self._rig.conninfo, self._create, clients=COMMIT_CLIENTS, span=span,
                             rate=RATE)
        bus = produce(self._rig, Span(JOIN_S, span.measured_s), "bench-delay", RATE, receive=1)
        effect = run_pgbench(self._consumer.conninfo_with(PLANS), self._consume,
                             clients=CONSUMER_CLIENTS, span=span, rate=RATE / self.rows)
        received = bus["received_us"]
        return of_pgbench(commit), Delay(received["p50"], received["p99"]), of_pgbench(effect)


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack", with_commit_times) as rig:
        second, first_reader = rig.replica(), rig.neighbor("communications")
        second_reader = first_reader.replica()
        with second.running(), first_reader.running(), second_reader.running():
            rig.release_lease()
            writers = Writers((rig, second))
            writers.write(WARM_UP, "warm")
            warm_broker(rig)
            parts = Parts(run, rig, first_reader, writers)
            rounds = iter(range(run.pairs))
            pairs = run.interleave(lambda: writers.delay(rig, run.span, f"r{next(rounds)}"),
                                   parts.measure)
    for number, (ours, (commit, bus, effect)) in enumerate(pairs, start=1):
        run.note(f"pair {number}, p50 and p99",
                 f"{ours}; commit {commit}, Kafka {bus}, consumer's commit {effect}")
    run.note("events in a batch of the consumer, median", str(parts.rows))
    sums = [(ours, commit + bus + effect) for ours, (commit, bus, effect) in pairs]
    return [Goal("p50 from write to visible / sum of the parts",
                 tuple(ours.p50 / alone.p50 for ours, alone in sums), "<=", MEDIAN_GOAL),
            Goal("p99 from write to visible / sum of the parts",
                 tuple(ours.p99 / alone.p99 for ours, alone in sums), "<=", TAIL_GOAL)]
