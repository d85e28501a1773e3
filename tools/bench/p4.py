"""P4: a record that is in no cache."""

from statistics import median

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


def script_of_get(rig: Rig, people_count: int) -> str:
    """Reads a person by chance with the service's own query."""
    rig.forget_cached()
    seen = capture(rig.stack, lambda: rig.sample("get-person", records=people_count))
    query = next(one for one in seen if "people/g-" in one.parameters.get(2, ""))
    filled = query.filled({1: query.parameters[1], 2: f"ARRAY[{people.name_of(':n')}]"})
    return f"\\set n random(0, {people_count - 1})\n{filled};\n"


def gets(run: Run, rig: Rig, first: int) -> float:
    """Gets a second of the people from `first` on, none of whom Redis knows."""
    rig.forget_cached()
    load, hits = rig.part_of_hits(lambda: rig.load("get-person", run.span, in_flight=IN_FLIGHT,
                                                   first=first, records=PEOPLE))
    if hits > FEW:
        raise Failure(f"{hits:.0%} of the gets found their record in the cache.")
    return load.ok_per_s


def measure(run: Run) -> list[Goal]:
    count = PEOPLE * run.pairs
    with accounts(run.directory / "stack") as rig:
        people.clone(rig, count)
        script = run.directory / "get.pgbench"
        script.write_text(script_of_get(rig, count), encoding="utf-8")
        firsts = iter(range(0, count, PEOPLE))
        current = 0

        def gets_first() -> float:
            nonlocal current
            current = next(firsts)
            return gets(run, rig, current)

        def queries() -> float:
            return run_pgbench(rig.conninfo, script, clients=CLIENTS, span=run.span).tps

        answer_bytes = rig.sample("get-person", records=count).answer_bytes
        with echo_of(answer_bytes, run.span, IN_FLIGHT) as echoes:
            # Who is missed again is kept: those gets take a lease and fill.
            pairs = run.interleave(gets_first, queries, echoes, lambda: gets(run, rig, current))
    run.note_means("gets, queries, echoes, gets that miss again a second", pairs)
    limits = [composed(query, echo) for _, query, echo, _ in pairs]
    again = [kept / limit for (_, _, _, kept), limit in zip(pairs, limits, strict=True)]
    run.note("gets that miss again and fill / composed limit", f"{median(again):.2f}")
    return [Goal("gets that miss / composed limit",
                 tuple(ours / limit for (ours, *_), limit in zip(pairs, limits, strict=True)),
                 ">=", GOAL)]
