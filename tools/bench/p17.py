"""P17: reads of personal data that are noted before they are answered."""

from devkit.console import Failure

from bench import people
from bench.figures import Goal
from bench.rig import Rig, accounts
from bench.run import Run

TITLE = ("get by name of a person in Redis, by a service that notes who was shown what before it answers / "
         "the same by one that notes nothing")
GOAL = 0.90
IN_FLIGHT = (64, 256)
PEOPLE = 1_000
NEARLY_ALL = 0.95
SETTING = "LOTURA_READ_AUDIT"
NOTED = ("lotura_audit_reads_total", 'durable="yes"')
COMMITS = ("lotura_audit_read_batches_total", "")


def gets(rig: Rig, run: Run, in_flight: int) -> float:
    """Gets a second, nearly all of which the cache can answer."""
    load, lookups = rig.lookups_of(lambda: rig.load("get-person", run.span, in_flight=in_flight,
                                                   records=PEOPLE))
    if lookups["hit"] < NEARLY_ALL:
        raise Failure(f"only {lookups['hit']:.0%} of the gets found their record in the cache.")
    return load.ok_per_s


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack") as silent:
        people.clone(silent, PEOPLE)
        noting = silent.replica()
        silent.stack.variables[SETTING] = "personal"
        with noting.running():
            return [compare(run, silent, noting, in_flight) for in_flight in IN_FLIGHT]


def compare(run: Run, silent: Rig, noting: Rig, in_flight: int) -> Goal:
    for rig in (silent, noting) * 2:
        # Kept is what is missed twice.
        rig.sample("get-person", records=PEOPLE)

    def noted() -> float:
        rate, reads, commits = noting.counted(lambda: gets(noting, run, in_flight), NOTED, COMMITS)
        if reads < rate * run.span.measured_s:
            raise Failure(f"of {rate:,.0f} gets a second only {reads:,.0f} in all were noted.")
        run.note(f"reads that shared a commit, {in_flight} in flight", f"{reads / commits:,.0f}")
        return rate

    pairs = run.interleave(noted, lambda: gets(silent, run, in_flight))
    run.note_means(f"gets that are noted, gets that are not, a second, {in_flight} in flight",
                   pairs)
    return Goal(f"gets that are noted / gets that are not, {in_flight} in flight",
                tuple(ours / theirs for ours, theirs in pairs), ">=", GOAL)
