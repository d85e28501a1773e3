"""Statements of a service that write many rows, as a script of pgbench."""

from bench.rig import Rig
from bench.statements import Statement

# What the service's own connections for writes set.
PLANS = ("plan_cache_mode=force_generic_plan enable_seqscan=off enable_hashjoin=off "
         "enable_mergejoin=off jit=off")


def rows_of(statement: Statement) -> int:
    """How many events or creates share it: as many as it has event ids."""
    return _elements(statement, next(number for number, (name, _) in statement.arrays().items()
                                     if name == "event_id"))


def _elements(statement: Statement, number: int) -> int:
    """Elements of an array of plain values, as the log shows it."""
    return statement.parameters[number].count(",") + 1


def _filled(rig: Rig, statement: Statement, fresh: dict[str, str], kept_in: str) -> str:
    """The statement with what must be new in each batch. The rest lies in a table of the service's
    schema, so that no text is parsed for it."""
    arrays = statement.arrays()
    kept = {number: kind for number, (column, kind) in arrays.items() if column not in fresh}
    columns = ", ".join(f"{statement.parameters[number]}::{kind} AS p{number}"
                        for number, kind in kept.items())
    rig.query(f"CREATE TABLE {rig.schema}.{kept_in} AS SELECT {columns}")
    values = dict(statement.parameters)
    values |= {number: f"SELECT p{number} FROM {kept_in}" for number in kept}
    values |= {number: f"SELECT array_agg({fresh[column]}) FROM "
                       f"generate_series(1, {_elements(statement, number)}) AS g(i)"
               for number, (column, _) in arrays.items() if column in fresh}
    return f"{statement.filled(values)};"


def repeated(rig: Rig, statements: list[Statement], fresh: dict[str, str]) -> str:
    """A script of the batch: one statement, or several in a transaction. `fresh` has the columns
    whose values are new in each batch; i is the number of the row, :n that of the batch."""
    texts = [_filled(rig, statement, fresh, f"kept_{place}")
             for place, statement in enumerate(statements)]
    if len(texts) > 1:
        texts = ["BEGIN;", *texts, "COMMIT;"]
    return "\n".join(["\\set n random(1, 4000000000000000000)", *texts, ""])
