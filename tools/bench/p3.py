"""P3: creates against what their statement and their transport cost alone."""

from bench.batches import PLANS, repeated, rows_of
from bench.echo import echo_of
from bench.figures import Goal, composed
from bench.programs import run_pgbench
from bench.rig import SAMPLE, accounts
from bench.run import Run
from bench.statements import Statement, capture

TITLE = ("creates over gRPC / composed limit of pgbench with the service's own statement, in batches "
         "of the size that the service reached, and a bare echo of the same size")
GOAL = 0.60
IN_FLIGHT = 64
# As many connections as the service has for writing.
CLIENTS = 2
KEY = "'b-' || :n || '-' || i || '@example.com'"
FRESH = {"request_id": "gen_random_uuid()", "event_id": "gen_random_uuid()",
         "name": "'people/b-' || :n || '-' || i", "c_email": KEY, "key": KEY}


def is_batch(statement: Statement) -> bool:
    return "INSERT INTO person" in statement.text


def nearest(statements: list[Statement], rows: float) -> Statement:
    """The batch whose size is nearest."""
    return min(filter(is_batch, statements), key=lambda one: abs(rows_of(one) - rows))


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack") as rig:
        rig.sample("create-person")
        first, size = rig.batch_size_of(
            lambda: rig.load("create-person", run.span, in_flight=IN_FLIGHT, run="size"))
        seen = capture(rig.stack, lambda: rig.load("create-person", SAMPLE, run="seen",
                                                   in_flight=IN_FLIGHT))
        batch = nearest(seen, size)
        script = run.directory / "batch.pgbench"
        script.write_text(repeated(rig, [batch], FRESH), encoding="utf-8")
        rows = rows_of(batch)
        loads = iter(range(run.pairs))
        with echo_of(first.answer_bytes, run.span, IN_FLIGHT) as echoes:
            pairs = run.interleave(
                lambda: rig.load("create-person", run.span, in_flight=IN_FLIGHT,
                                 run=f"r{next(loads)}").ok_per_s,
                lambda: rows * run_pgbench(rig.conninfo_with(PLANS), script, clients=CLIENTS,
                                           span=run.span).tps,
                echoes)
    run.note("creates in a batch, mean", f"{size:.1f}; the statement has {rows}")
    run.note_means("creates, rows, echoes a second", pairs)
    return [Goal("creates / composed limit",
                 tuple(ours / composed(row, echo) for ours, row, echo in pairs), ">=", GOAL)]
