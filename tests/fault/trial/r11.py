"""R11: a transaction stays open for long while callers write."""

import time
from dataclasses import dataclass, field

import psycopg2

from fault.announced import Sources, query
from fault.trial.figures import Criterion
from fault.trial.history import CREATE, READ, UPDATE
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = "a REPEATABLE READ transaction is open for half of the time under writes"
SECONDS = 120
RATE = 300.0
BEFORE, HELD = 0.25, 0.5  # Parts of the time.
PUBLISHED_DROP = 0.95
GROWTH = 2.0
BYSTANDER_RISE = 1.2
SAMPLE_S = 1.0
ROW_BYTES = """SELECT sum(pg_total_relation_size(relid))::float8
  / greatest(1, (SELECT count(*) FROM accounts.journal))
FROM pg_partition_tree('accounts.journal') WHERE isleaf"""
PUBLISHED = "SELECT count(*) FROM accounts.journal j, accounts.relay_cursor c " \
            "WHERE c.relay = 'kafka' AND (j.xid, j.seq) <= (c.xid, c.seq)"


@dataclass
class OpenTransaction:
    """Holds the horizon of dead rows back, and watches the relay and the journal's size."""

    published_per_s: dict[str, float] = field(default_factory=dict)
    row_bytes: dict[str, float] = field(default_factory=dict)

    def __call__(self, supervisor: Supervisor) -> None:
        supervisor.rest(SAMPLE_S * 3)
        self._watch(supervisor, "before", BEFORE)
        connection = psycopg2.connect(supervisor.stack.postgres.conninfo())
        connection.set_session(isolation_level="REPEATABLE READ")
        connection.cursor().execute("SELECT count(*) FROM accounts.organization")
        try:
            self._watch(supervisor, "held", HELD)
        finally:
            connection.close()
        supervisor.phase("after")

    def _watch(self, supervisor: Supervisor, phase: str, part: float) -> None:
        sources = Sources.of(supervisor.stack)
        supervisor.phase(phase)
        begin, first = time.monotonic(), query(sources, PUBLISHED)[0][0]
        supervisor.last(part)
        published = query(sources, PUBLISHED)[0][0] - first
        self.published_per_s[phase] = published / (time.monotonic() - begin)
        self.row_bytes[phase] = query(sources, ROW_BYTES)[0][0]


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    nemesis = OpenTransaction()
    with trial.stack() as stack:
        report = run_under(trial, stack, {CREATE: rate / 2, UPDATE: rate / 2, READ: rate / 2},
                           nemesis)
    before, held = report.phases["before"], report.phases["held"]
    return [*report.safety(),
            Criterion("published a second meanwhile / before",
                      nemesis.published_per_s["held"] / nemesis.published_per_s["before"], ">=",
                      PUBLISHED_DROP),
            Criterion("bytes of the journal for each entry / before",
                      nemesis.row_bytes["held"] / nemesis.row_bytes["before"], "<=", GROWTH),
            Criterion("p99 of reads meanwhile / before",
                      held["read_p99_ms"] / before["read_p99_ms"], "<=", BYSTANDER_RISE)]
