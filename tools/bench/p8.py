"""P8: a million people come in."""

from bench.copies import Copies
from bench.figures import Goal
from bench.programs import run_job
from bench.rig import Rig, accounts
from bench.run import Run

TITLE = ("import of 10^6 people through the public API: validation, match keys, journal / raw COPY of "
         "the very same rows into the same tables with their indexes, one connection")
GOAL = 0.70
PEOPLE = 1_000_000
# What an import writes; its requests are the results of the chunks.
TABLES = ("person", "match_key", "journal", "request")
# Far below what any machine needs.
IMPORT_S = 1_800


def empty(rig: Rig) -> None:
    """Leaves tables, indexes and log as the other side of the pair finds them, too."""
    rig.query(f"TRUNCATE {', '.join(f'accounts.{table}' for table in (*TABLES, 'affiliation'))}")
    rig.checkpoint()


def import_people(rig: Rig, people: int, run: str) -> float:
    """Seconds until the last one was answered."""
    empty(rig)
    printed = run_job("lotura-bench-importer", bound_s=IMPORT_S, target=rig.target,
                      token_file=rig.token_file, run=run, rows=people)
    return printed["seconds"]


def measure(run: Run) -> list[Goal]:
    people = run.rows_or(PEOPLE)
    rows = []
    with accounts(run.directory / "stack") as rig:
        copies = Copies(rig, TABLES, run.directory)
        rounds = iter(range(run.pairs))

        def copy() -> float:
            # The rows of the import before it.
            rows.append(copies.take())
            empty(rig)
            return copies.seconds_to_write()

        pairs = run.interleave(lambda: import_people(rig, people, f"i{next(rounds)}"), copy)
    run.note_means("people a second: import, COPY",
                   [tuple(people / seconds for seconds in pair) for pair in pairs])
    run.note("rows written for a person", f"{rows[-1] / people:.3f}")
    return [Goal("import / COPY of the same rows", tuple(copied / ours for ours, copied in pairs),
                 ">=", GOAL)]
