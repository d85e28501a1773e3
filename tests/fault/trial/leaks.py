"""LEAKS: nobody is told what he may not see; and where rights are not asked for, it is found."""

import re
import time
from collections import Counter
from dataclasses import replace

from devkit.console import Failure, say
from devkit.layout import SERVICES
from devkit.stack import Arrangement, Stack

from fault.leaks.guards import sources
from fault.trial.crashes import linked_binaries
from fault.trial.figures import Criterion
from fault.trial.hunters import Hunters
from fault.trial.supervisor import Trial

TITLE = ("random roles, and callers who look for what these hide: in answers, filters, orders, page "
         "tokens, errors, repeated answers, events, imports, the cache; and mutants, each of "
         "which asks for rights at one place less, and which must be found")
SECONDS = 900
JUDGED = 1_000_000  # In as many seconds.
EACH_MIN = 10  # Of the path of an RPC that is watched least, in as many seconds.
SEEN_MIN, SEEN_MAX = 0.05, 0.95
# Each hunter has two worlds: one for callers, one for pairs of questions.
HUNTERS = 2
SETTLE_S = 300  # What it takes to make the worlds, and to judge what is left at the end.
MUTANT_S = 90
MUTANT_SCALE = 0.5
OMITTED = "OMITTED_USE"  # Told to a mutant, see libs/mutant.
# Of places that keep tenants apart another trial tells, R24.
USE = re.compile(r'\bOmits\("(?!tenant\.)([a-z_.]+)"\)')
EXAMPLES = 30
ONLY_HUNT, ONLY_MUTANTS = "none", "each"


def uses() -> list[str]:
    """The places at which the platform asks for rights, as its sources name them."""
    return sorted({name for _, text in sources() for name in USE.findall(text)})


def hunters_on(trial: Trial) -> Hunters:
    return Hunters("fault.leaks.hunter", trial.directory, SETTLE_S)


def plan_of(stack: Stack, run: str, seed: int, seconds: float, number: int = 0, **further):
    """Of one of the hunters of a run."""
    # Not at the top: the protos are compiled when it is imported.
    from fault.leaks.hunter import Plan

    addresses = {service: stack.grpc(service) for service in SERVICES}
    return Plan(addresses=addresses, issuer=str(stack.place.issuer), run=run,
                worlds=(2 * number + 1, 2 * number + 2), seconds=seconds, seed=seed + number,
                **further)


def total(reports: list[dict], name: str) -> int:
    return sum(one[name] for one in reports)


def counted(reports: list[dict], name: str) -> Counter:
    return sum((Counter(one[name]) for one in reports), Counter())


def cells_of(reports: list[dict]) -> dict[tuple[str, str], int]:
    counts: Counter = Counter()
    for one in reports:
        for rpc, path, count in one["cells"]:
            counts[rpc, path] += count
    return dict(counts)


def listed(reports: list[dict], name: str) -> list:
    return [item for one in reports for item in one[name]]


def judged(trial: Trial, reports: list[dict]) -> list[Criterion]:
    """Criteria of a hunt; what explains them becomes figures."""
    from fault.leaks.coverage import APART_TYPE, table
    from fault.leaks.schema import record_types

    cells = cells_of(reports)
    rarest = min(cells, key=cells.get)
    hidden, shown = counted(reports, "hidden"), counted(reports, "shown")
    fields = [f"{one.type} {name}" for one in record_types().values() if one.type != APART_TYPE
              for name in one.columns]
    never = [name for name in fields if not hidden[name]]
    share = total(reports, "seen") / max(1, total(reports, "asked_for"))
    withheld = total(reports, "withheld_records_count") + sum(counted(reports, "withheld").values())
    responses = sum(total(reports, name) for name in ("records", "errors", "others"))
    trial.figures |= {name: total(reports, name) for name in (
        "calls", "records", "errors", "others", "undecided", "policies", "changes")}
    trial.figures |= {"fields told": sum(shown.values()), "fields kept": sum(hidden.values()),
                      "watched least": f"{rarest[0]}, {rarest[1]}",
                      "never kept": ", ".join(never) or "none"}
    trial.figures |= {f"kind of leak: {kind}": count
                      for kind, count in counted(reports, "kinds").items()}
    trial.figures |= {f"watched: {name}": f"{all_} (least {least})"
                      for name, (all_, least) in table(cells).items()}
    _say_examples(trial, reports)
    part = trial.seconds / SECONDS
    return [Criterion("leaks", total(reports, "leak_count"), "==", 0),
            Criterion("responses judged", responses, ">=", round(JUDGED * part)),
            Criterion("responses that could not be judged", len(listed(reports, "unjudged")),
                      "==", 0),
            Criterion("RPCs that the hunt does not know", len(set(listed(reports, "unknown"))),
                      "==", 0),
            Criterion("times that the rarest path of an RPC was watched", cells[rarest], ">=",
                      max(1, int(EACH_MIN * part))),
            Criterion("fields that were kept from nobody", len(never), "==", 0),
            Criterion("records that were seen / asked for", share, ">=", SEEN_MIN),
            Criterion("records that were seen / asked for, at most", share, "<=", SEEN_MAX),
            Criterion("what roles show and was not there", withheld, "==", 0)]


def _say_examples(trial: Trial, reports: list[dict]) -> None:
    path = trial.directory / "leaks.txt"
    leaks = listed(reports, "leaks")
    withheld = listed(reports, "withheld_records")
    path.write_text("\n".join([*leaks, "", *withheld, "", *listed(reports, "unjudged"), ""]),
                    encoding="utf-8")
    for example in (*leaks[:EXAMPLES], *withheld[:EXAMPLES]):
        say(f"    {example}")


def hunt(trial: Trial) -> tuple[list[Criterion], list[str]]:
    """The criteria, and the kinds of leaks that there are without a mutant."""
    with trial.stack() as stack:
        stack.start_backends(Arrangement.SEPARATE)
        stack.start_services(Arrangement.SEPARATE)
        hunters = hunters_on(trial)
        for number in range(HUNTERS):
            hunters.start(f"hunt-{number}",
                          plan_of(stack, "hunt", trial.seed, trial.seconds, number))
        reports = hunters.reports()
    return judged(trial, reports), list(counted(reports, "kinds"))


def mutants(trial: Trial, names: list[str], known: list[str]) -> list[Criterion]:
    """Of each whether it was found, by another kind of leak than is known."""
    binaries = linked_binaries(trial.directory, "mutant")
    with trial.stack(binaries) as stack:
        stack.start_backends()
        stack.start_services()
        return [_mutant(trial, stack, name, known) for name in names]


def _mutant(trial: Trial, stack: Stack, name: str, known: list[str]) -> Criterion:
    stack.variables[OMITTED] = name
    stack.member("all").restart()
    hunters = hunters_on(trial)
    begin = time.monotonic()
    hunters.start(name, plan_of(stack, name, trial.seed, MUTANT_S, scale=MUTANT_SCALE,
                                until_found=True, known=known))
    (report,) = hunters.reports()
    kinds = sorted(set(report["kinds"]) - set(known))
    if kinds:
        trial.figures[f"{name}: found by"] = ", ".join(kinds)
        trial.figures[f"{name}: found after, s"] = time.monotonic() - begin
        say(f"    {name}: {next(iter(report['leaks']), '')}")
    return Criterion(f"found of the mutant '{name}'", int(bool(kinds)), "==", 1)


def run(trial: Trial) -> list[Criterion]:
    names = uses()
    if trial.mutation not in (None, ONLY_HUNT, ONLY_MUTANTS, *names):
        raise Failure(f"there is no mutant '{trial.mutation}'; there are {', '.join(names)}.")
    criteria: list[Criterion] = []
    known: list[str] = []
    if trial.mutation in (None, ONLY_HUNT):
        criteria, known = hunt(trial)
    if trial.mutation == ONLY_HUNT:
        return criteria
    part = replace(trial, directory=trial.directory / "mutants")
    part.directory.mkdir()
    chosen = names if trial.mutation in (None, ONLY_MUTANTS) else [trial.mutation]
    return [*criteria, *mutants(part, chosen, known)]
