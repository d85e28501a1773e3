"""P4: a record that is in no cache."""

from statistics import mean

from bench.figures import Goal, composed
from bench.network import free_address
from bench.people import clone, name_of
from bench.programs import run_load, run_pgbench, server
from bench.rig import Rig, accounts
from bench.run import Run
from bench.statements import Statement, capture

TITLE = ("get by name of what is in no cache / composed limit of pgbench with the same query and a "
         "bare echo of the same size")
GOAL = 0.75
IN_FLIGHT = 64
CLIENTS = 4
# More than are asked for in one run, so that none is asked for twice.
PEOPLE = 400_000


def query_of(rig: Rig) -> Statement:
    """The query by which the service reads one person."""
    rig.forget_cached()
    seen = capture(rig.stack, lambda: rig.call("PersonService/GetPerson", name="people/g-1"))
    return next(statement for statement in seen if "people/g-1" in statement.parameters.get(2, ""))


def script_of(query: Statement) -> str:
    """Reads a person by chance, as the service reads them."""
    chosen = f"ARRAY[{name_of(':n')}]"
    filled = query.filled({1: query.parameters[1], 2: chosen})
    return f"\\set n random(0, {PEOPLE - 1})\n{filled};\n"


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack") as rig:
        rig.create_one()
        clone(rig.conninfo, PEOPLE)
        script = run.directory / "get.pgbench"
        script.write_text(script_of(query_of(rig)), encoding="utf-8")

        def gets() -> float:
            rig.forget_cached()
            return run_load(rig.target, "get-person", span=run.span, token_file=rig.token_file,
                            in_flight=IN_FLIGHT, records=PEOPLE).check().ok_per_s

        def queries() -> float:
            return run_pgbench(rig.conninfo, script, clients=CLIENTS, span=run.span).tps

        bare = free_address()
        with server(bare, kind="bare", answer_bytes=rig.answer_bytes("people/g-1")):
            pairs = run.interleave(gets, queries, lambda: run_load(
                bare, "nothing", span=run.span, in_flight=IN_FLIGHT).check().ok_per_s)
    run.note("gets, queries and echoes a second",
             ", ".join(f"{mean(side):,.0f}" for side in zip(*pairs, strict=True)))
    return [Goal("gets that miss / composed limit",
                 tuple(ours / composed(query, echo) for ours, query, echo in pairs), ">=", GOAL)]
