"""P14: updates over gRPC against a database that is written to directly."""

import json
import subprocess

from devkit.command_line import CommandLine

from bench import people
from bench.figures import Goal
from bench.programs import Span, run_pgbench
from bench.rig import SAMPLE, Rig, accounts
from bench.run import Run
from bench.sample_rows import script_of_update

TITLE = ("updates over gRPC with etag and request_id, of one field and of one match key / pgbench "
         "doing the same in BEGIN, 3 or 4 statements, COMMIT")
GOAL = 1.2
IN_FLIGHT = 64
CLIENTS = 16
PEOPLE = 100_000
CALL_S = 30
KINDS = {"update-person": "of one field", "update-email": "of one match key"}


def first_etag(rig: Rig) -> str:
    """The etag of the people who were made by the rig: all have the same version."""
    client = CommandLine(rig.stack)
    person = subprocess.run(client.command("get", "people/g-0", "--json"), env=client.environment,
                            capture_output=True, text=True, check=True, timeout=CALL_S).stdout
    return json.loads(person)["etag"]


def pairs_of(run: Run, kind: str) -> list[tuple[float, float]]:
    """Updates a second: ours, pgbench's."""
    with accounts(run.directory / kind) as rig:
        # Each round has people of its own, whose etag is known; the last ones are pgbench's.
        people.clone(rig, PEOPLE * (run.pairs + 2))
        etag = first_etag(rig)
        firsts = iter(range(0, PEOPLE * (run.pairs + 1), PEOPLE))

        def updates(span: Span) -> float:
            first = next(firsts)
            return rig.load(kind, span, in_flight=IN_FLIGHT, first=first, records=PEOPLE,
                            etag=etag, run=f"r{first}").ok_per_s

        updates(SAMPLE)
        script = run.directory / f"{kind}.pgbench"
        script.write_text(script_of_update(rig.conninfo, PEOPLE * (run.pairs + 1), PEOPLE,
                                           of_key=kind == "update-email"), encoding="utf-8")
        return run.interleave(lambda: updates(run.span), lambda: run_pgbench(
            rig.conninfo, script, clients=CLIENTS, span=run.span).tps)


def measure(run: Run) -> list[Goal]:
    goals = []
    for kind, name in KINDS.items():
        pairs = pairs_of(run, kind)
        run.note_means(f"updates {name}, pgbench a second", pairs)
        goals.append(Goal(f"updates {name} / pgbench",
                          tuple(ours / theirs for ours, theirs in pairs), ">=", GOAL))
    return goals
