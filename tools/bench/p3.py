"""P3: creates against what their statement and their transport cost alone."""

from pathlib import Path

from bench.echo import echo_of
from bench.figures import Goal, composed
from bench.programs import run_pgbench
from bench.rig import SAMPLE, Rig, accounts
from bench.run import Run
from bench.statements import Statement, capture

TITLE = ("creates over gRPC / composed limit of pgbench with the service's own statement, in batches "
         "of the size that the service reached, and a bare echo of the same size")
GOAL = 0.60
IN_FLIGHT = 64
# As many as the service has for writing.
CLIENTS = 2
# Columns whose values are new in each batch; i is the number of the row, :n that of the batch.
KEY = "'b-' || :n || '-' || i || '@example.com'"
FRESH = {"request_id": "gen_random_uuid()", "event_id": "gen_random_uuid()",
         "name": "'people/b-' || :n || '-' || i", "c_email": KEY, "key": KEY}
# What the service's own connections set.
PLANS = ("plan_cache_mode=force_generic_plan enable_seqscan=off enable_hashjoin=off "
         "enable_mergejoin=off jit=off")


def rows_of(statement: Statement) -> int:
    """How many creates share it: as many as it has event ids."""
    column = next(number for number, (name, _) in statement.arrays().items() if name == "event_id")
    return statement.parameters[column].count(",") + 1


def is_batch(statement: Statement) -> bool:
    return "INSERT INTO person" in statement.text


def nearest(statements: list[Statement], rows: float) -> Statement:
    """The batch whose size is nearest."""
    return min(filter(is_batch, statements), key=lambda one: abs(rows_of(one) - rows))


def write_script(rig: Rig, statement: Statement, path: Path) -> None:
    """A script that repeats the batch with what must be new in each; the rest lies in a table, so
    that no text is parsed for it."""
    arrays = statement.arrays()
    kept = {number: (column, kind) for number, (column, kind) in arrays.items()
            if column not in FRESH}
    columns = ", ".join(f"{statement.parameters[number]}::{kind} AS p{number}"
                        for number, (_, kind) in kept.items())
    rig.query(f"CREATE TABLE accounts.batch AS SELECT {columns}")
    values = dict(statement.parameters)
    values |= {number: f"SELECT p{number} FROM batch" for number in kept}
    values |= {number: f"SELECT array_agg({FRESH[column]}) FROM "
                       f"generate_series(1, {rows_of(statement)}) AS g(i)"
               for number, (column, _) in arrays.items() if column in FRESH}
    path.write_text(f"\\set n random(1, 4000000000000000000)\n{statement.filled(values)};\n",
                    encoding="utf-8")


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack") as rig:
        rig.sample("create-person")
        first = rig.load("create-person", run.span, in_flight=IN_FLIGHT, run="size")
        size = rig.units_per_batch()
        seen = capture(rig.stack, lambda: rig.load("create-person", SAMPLE, run="seen",
                                                   in_flight=IN_FLIGHT))
        batch = nearest(seen, size)
        script = run.directory / "batch.pgbench"
        write_script(rig, batch, script)
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
