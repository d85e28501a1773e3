"""P4: a record that is in no cache."""

from devkit.console import Failure

from bench import people
from bench.echo import echo_of
from bench.figures import Goal, composed
from bench.programs import run_pgbench
from bench.rig import Rig, accounts
from bench.run import Run
from bench.statements import capture

TITLE = ("get by name of what is in no cache / composed limit of pgbench with the same query and a "
         "bare echo of the same size")
GOAL = 0.75
IN_FLIGHT = 64
CLIENTS = 4
# More than one run asks for, so that nobody is asked for twice.
PEOPLE = 400_000
FEW = 0.01


def script_of_get(rig: Rig) -> str:
    """Reads a person by chance with the service's own query."""
    rig.forget_cached()
    seen = capture(rig.stack, lambda: rig.sample("get-person", records=PEOPLE))
    query = next(one for one in seen if "people/g-" in one.parameters.get(2, ""))
    filled = query.filled({1: query.parameters[1], 2: f"ARRAY[{people.name_of(':n')}]"})
    return f"\\set n random(0, {PEOPLE - 1})\n{filled};\n"


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack") as rig:
        people.clone(rig, PEOPLE)
        script = run.directory / "get.pgbench"
        script.write_text(script_of_get(rig), encoding="utf-8")

        def gets() -> float:
            rig.forget_cached()
            load, hits = rig.part_of_hits(lambda: rig.load("get-person", run.span,
                                                           in_flight=IN_FLIGHT, records=PEOPLE))
            if hits > FEW:
                raise Failure(f"{hits:.0%} of the gets found their record in the cache.")
            return load.ok_per_s

        def queries() -> float:
            return run_pgbench(rig.conninfo, script, clients=CLIENTS, span=run.span).tps

        answer_bytes = rig.sample("get-person", records=PEOPLE).answer_bytes
        with echo_of(answer_bytes, run.span, IN_FLIGHT) as echoes:
            pairs = run.interleave(gets, queries, echoes)
    run.note_means("gets, queries, echoes a second", pairs)
    return [Goal("gets that miss / composed limit",
                 tuple(ours / composed(query, echo) for ours, query, echo in pairs), ">=", GOAL)]
