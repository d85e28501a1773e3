"""P15: a page of a list."""

from bench import people
from bench.echo import echo_of
from bench.figures import Goal, composed
from bench.programs import run_pgbench
from bench.rig import Rig, accounts
from bench.run import Run
from bench.statements import capture

TITLE = ("list of 50 of 10^6 by a declared order / composed limit of pgbench with the same query "
         "and a bare echo of the same size")
GOAL = 0.60
IN_FLIGHT = 32
CLIENTS = 4
PEOPLE = 1_000_000


def script_of_list(rig: Rig) -> str:
    """The service's own query; all of its parameters are those of the page."""
    seen = capture(rig.stack, lambda: rig.sample("list-people"))
    query = next(one for one in seen if "display_name" in one.text and "LIMIT" in one.text)
    return f"{query.filled(query.parameters)};\n"


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack") as rig:
        people.clone(rig, PEOPLE)
        script = run.directory / "list.pgbench"
        script.write_text(script_of_list(rig), encoding="utf-8")
        answer_bytes = rig.sample("list-people").answer_bytes
        with echo_of(answer_bytes, run.span, IN_FLIGHT) as echoes:
            pairs = run.interleave(
                lambda: rig.load("list-people", run.span, in_flight=IN_FLIGHT).ok_per_s,
                lambda: run_pgbench(rig.conninfo, script, clients=CLIENTS, span=run.span).tps,
                echoes)
    run.note_means("lists, queries, echoes a second", pairs)
    return [Goal("lists / composed limit",
                 tuple(ours / composed(query, echo) for ours, query, echo in pairs), ">=", GOAL)]
