"""P4: a record that is in no cache."""

from statistics import median

from devkit.console import Failure

from bench import people
from bench.echo import echo_of
from bench.figures import Goal, composed
from bench.programs import Span, run_pgbench
from bench.rig import Rig, accounts
from bench.run import Run
from bench.statements import capture

TITLE = ("get by name of what is in no cache / composed limit of pgbench with the same query and a "
         "bare echo of the same size")
GOAL = 0.75
IN_FLIGHT = (64, 256)
CLIENTS = 4
# More than one run asks for, so that nobody is asked for twice in it.
PEOPLE = 400_000
FEW = 0.01
# The service remembers whom it missed lately, and takes one in eight for one of those.
MISTAKEN = 0.25
# Those who are asked for again while it remembers. Neither run comes to its end.
MISSED = 100_000
MISSING, AGAIN = Span(warm_up_s=0.0, measured_s=4.0), Span(warm_up_s=1.0, measured_s=2.0)
NEARLY_ALL = 0.95


class People:
    """Whom the gets of a pair ask for, none of whom Redis knows."""

    def __init__(self, rig: Rig, pair: int, in_flight: int):
        self._rig = rig
        self._in_flight = in_flight
        self.first = pair * (PEOPLE + MISSED)
        self.last = self.first + PEOPLE - 1

    def gets(self, span: Span) -> float:
        """Gets a second, each of somebody whom nobody asked for lately."""
        rate, lookups = self._load(span, self.first, PEOPLE)
        if lookups["hit"] > FEW or lookups["miss"] > MISTAKEN:
            raise Failure(f"the cache knew some of those whom nobody asked for: {lookups}.")
        return rate

    def gets_again(self) -> float:
        """Gets a second of people who were missed before: each takes a lease and is kept."""
        self._load(MISSING, self.last + 1, MISSED)
        rate, lookups = self._load(AGAIN, self.last + 1, MISSED)
        if lookups["miss"] < NEARLY_ALL:
            raise Failure(f"the cache kept not all of those who were asked for again: {lookups}.")
        return rate

    def _load(self, span: Span, first: int, records: int) -> tuple[float, dict[str, float]]:
        self._rig.forget_cached()
        load, lookups = self._rig.lookups_of(lambda: self._rig.load(
            "get-person", span, in_flight=self._in_flight, first=first, records=records))
        return load.ok_per_s, lookups


def query_of_get(rig: Rig, count: int) -> str:
    """The service's own query, for the person n."""
    rig.forget_cached()
    seen = capture(rig.stack, lambda: rig.sample("get-person", records=count))
    query = next(one for one in seen if "people/g-" in one.parameters.get(2, ""))
    return query.filled({1: query.parameters[1], 2: f"ARRAY[{people.name_of(':n')}]"})


def compare(run: Run, rig: Rig, query: str, in_flight: int) -> Goal:
    script = run.directory / "get.pgbench"
    pairs = (People(rig, pair, in_flight) for pair in range(run.pairs))
    current = None

    def gets() -> float:
        nonlocal current
        current = next(pairs)
        script.write_text(f"\\set n random({current.first}, {current.last})\n{query};\n",
                          encoding="utf-8")
        return current.gets(run.span)

    def queries() -> float:
        return run_pgbench(rig.conninfo, script, clients=CLIENTS, span=run.span).tps

    answer_bytes = rig.sample("get-person", records=PEOPLE).answer_bytes
    with echo_of(answer_bytes, run.span, in_flight) as echoes:
        found = run.interleave(gets, queries, echoes, lambda: current.gets_again())
    run.note_means(f"gets, queries, echoes, gets that miss again a second, {in_flight} in flight",
                   found)
    limits = [composed(query, echo) for _, query, echo, _ in found]
    again = [kept / limit for (*_, kept), limit in zip(found, limits, strict=True)]
    run.note(f"gets that miss again and fill / composed limit, {in_flight} in flight",
             f"{median(again):.2f}")
    return Goal(f"gets that miss / composed limit, {in_flight} in flight",
                tuple(ours / limit for (ours, *_), limit in zip(found, limits, strict=True)),
                ">=", GOAL)


def measure(run: Run) -> list[Goal]:
    count = run.pairs * (PEOPLE + MISSED)
    with accounts(run.directory / "stack") as rig:
        people.clone(rig, count)
        query = query_of_get(rig, count)
        return [compare(run, rig, query, in_flight) for in_flight in IN_FLIGHT]
