"""P5: a record that is in Redis."""

import csv
import io
import subprocess

from devkit.console import Failure

from bench import people
from bench.echo import echo_of
from bench.figures import Goal, composed
from bench.programs import Span
from bench.rig import Rig, accounts
from bench.run import Run

TITLE = ("get by name of what is in Redis / composed limit of redis-benchmark GET of the same size, "
         "one command a round trip, and a bare echo of the same size")
GOAL = 0.70
IN_FLIGHT = 64
CLIENTS = 16
PEOPLE = 1_000
NEARLY_ALL = 0.95
# So many take about as long as one side of a pair.
COMMANDS = 400_000
SIZE_OF_ANY = "return redis.call('STRLEN', redis.call('RANDOMKEY'))"


def redis_gets(rig: Rig, size: int) -> float:
    """GETs a second of a value of this size. As many SETs before them are their warm-up."""
    printed = subprocess.run(
        ["redis-benchmark", "-s", str(rig.stack.redis.socket), "-t", "set,get", "-d", str(size),
         "-c", str(CLIENTS), "-n", str(COMMANDS), "--csv"],
        capture_output=True, text=True, check=True, timeout=600).stdout
    rates = {row[0]: float(row[1]) for row in csv.reader(io.StringIO(printed)) if row[0] != "test"}
    return rates["GET"]


def gets(rig: Rig, span: Span) -> float:
    """Gets a second, nearly all of which the cache can answer."""
    load, lookups = rig.lookups_of(lambda: rig.load("get-person", span, in_flight=IN_FLIGHT,
                                                   records=PEOPLE))
    if lookups["hit"] < NEARLY_ALL:
        raise Failure(f"only {lookups['hit']:.0%} of the gets found their record in the cache.")
    return load.ok_per_s


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack") as rig:
        people.clone(rig, PEOPLE)
        # Kept is what is missed twice.
        for _ in range(2):
            answer_bytes = rig.sample("get-person", records=PEOPLE).answer_bytes
        value_bytes = int(rig.redis("EVAL", SIZE_OF_ANY, "0"))
        with echo_of(answer_bytes, run.span, IN_FLIGHT) as echoes:
            pairs = run.interleave(lambda: gets(rig, run.span),
                                   lambda: redis_gets(rig, value_bytes), echoes)
    run.note_means("gets, Redis GETs, echoes a second", pairs)
    return [Goal("gets that hit / composed limit",
                 tuple(ours / composed(redis, echo) for ours, redis, echo in pairs), ">=", GOAL)]
