"""R24: fifty tenants side by side, and none hears of another."""

import itertools
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from devkit.console import Failure, say
from devkit.layout import SERVICES
from devkit.stack import Arrangement, Stack

from fault.announced import Sources
from fault.trial.crashes import linked_binaries
from fault.trial.figures import Criterion
from fault.trial.hunters import Hunters
from fault.trial.supervisor import Trial

TITLE = ("fifty tenants: every RPC, with an own, another's, nobody's and no id in each place for one, "
         "while calls are given up and connections are cut; lists, counts, events, logs, metrics, the "
         "cache, statements, times; and mutants that forget the tenant, which must be found")
SECONDS = 3000
CALLS = 1_000_000  # In as many seconds.
# Pairs of what is another's and nobody's, in the place of an RPC that has fewest, in as many seconds.
PAIRS_MIN = 5
TENANTS = 50
MUTANT_TENANTS = 4
MUTANT_S = 60
HUNTERS = 2
SETTLE_S = 420
CUT_S = 2.0
CUT = """SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
WHERE usename = 'lotura' AND backend_type = 'client backend' ORDER BY random() LIMIT 3) AS chosen"""
HEARTBEAT_MS = "200"
OMITTED = "OMITTED_USE"
FIRST_NUMBERS = itertools.count(500_000, 500_000)
MUTANTS = ("tenant.cache", "tenant.list", "tenant.token")


def start_hunters(trial: Trial, stack: Stack, tenants: list, seconds: float, name: str,
                  **further) -> Hunters:
    """They share the tenants as whom they ask."""
    # Not at the top: the protos are compiled when it is imported.
    from fault.tenants.hunter import Plan

    hunters = Hunters("fault.tenants.hunter", trial.directory, SETTLE_S)
    for number in range(HUNTERS):
        hunters.start(f"{name}-{number}", Plan(
            addresses={one: stack.grpc(one) for one in SERVICES},
            issuer=str(stack.place.issuer), seed=trial.seed, seconds=seconds, number=number,
            numbers_from=next(FIRST_NUMBERS), names=[dict(one.names) for one in tenants],
            deleted=[dict(one.deleted) for one in tenants],
            mine=[one.number for one in tenants][number::HUNTERS], **further))
    return hunters


def cut_connections(stack: Stack, hunters: Hunters) -> int:
    """Until the hunters have ended, sessions of the services are terminated; how many."""
    cut, pause = 0, threading.Event()
    while hunters.is_running():
        pause.wait(CUT_S)
        cut += int(stack.postgres.query(CUT, user=stack.postgres.admin))
    return cut


def totals(reports: list[dict]) -> dict:
    founds = [found for report in reports for found in report["found"]]
    cells: Counter = Counter()
    compared: Counter = Counter()
    for found in founds:
        for rpc, place, value, count in found["cells"]:
            cells[rpc, place, value] += count
        for rpc, place, count in found["compared"]:
            compared[rpc, place] += count
    return {"calls": sum(one["calls"] for one in founds) + sum(one["hasty_calls"] for one in reports),
            "compared": compared,
            "undecided": sum(one["undecided"] for one in founds), "cells": cells,
            "own_ok": sum((Counter(one["own_ok"]) for one in founds), Counter()),
            "kinds": sum((Counter(one["kinds"]) for one in founds), Counter()),
            "examples": [text for one in founds for text in one["examples"]],
            "hasty": sum((Counter(one["hasty_codes"]) for one in reports), Counter()),
            "hasty_calls": sum(one["hasty_calls"] for one in reports),
            "unknown": sorted({path for one in reports for path in one["unknown"]})}


def wanted_cells(known) -> set[tuple[str, str, str]]:
    """Every RPC, place and value that has to be asked."""
    from fault.tenants.places import places_of
    from fault.tenants.questions import Value

    wanted = set()
    for rpc in known.rpcs:
        # What is the operator's nobody has, so that no page of it has a token.
        nobodys = rpc.type is not None and known.is_operators(rpc.type)
        found = places_of(known, rpc)
        places = [one for one in found if not (nobodys and one.path == "page_token")]
        wanted |= {(rpc.path, place.path, value.value) for place in places for value in Value}
        if not found:
            wanted.add((rpc.path, "", Value.OWN.value))
    return wanted


def settle(trial: Trial, stack: Stack, count: int) -> tuple:
    """The catalog, and tenants with records."""
    from fault.tenants import settlement

    known = settlement.catalog()
    addresses = {one: stack.grpc(one) for one in SERVICES}
    tenants = [settlement.enter(known, addresses, stack.issuer, trial.seed, number)
               for number in range(count)]
    begin = time.monotonic()
    settlement.settle(known, tenants)
    # Not as the services, whose statements are looked at.
    settlement.await_known(known, Sources(stack.postgres.conninfo(user=stack.postgres.admin),
                                          stack.kafka.brokers))
    trial.figures[f"s to make {count} tenants"] = time.monotonic() - begin
    return known, tenants


def judged(trial: Trial, found: dict, known) -> list[Criterion]:
    """What the hunters saw."""
    from fault.tenants.questions import Value

    wanted = wanted_cells(known)
    missing = sorted(wanted - set(found["cells"]))
    # What can be another's was asked for beside what is nobody's, and both were told.
    compared = {(rpc, place): found["compared"][rpc, place] for rpc, place, value in wanted
                if value == Value.FOREIGN.value}
    fewest = min(compared, key=compared.get)
    # What is the operator's is nobody's here.
    never_ok = sorted({rpc.path for rpc in known.rpcs
                       if rpc.type is None or not known.is_operators(rpc.type)}
                      - set(found["own_ok"]))
    trial.figures |= {"calls": found["calls"], "pairs compared": sum(found["compared"].values()),
                      "pairs undecided": found["undecided"],
                      "pairs compared least of": "/".join(fewest),
                      "calls given up": found["hasty_calls"],
                      "cells of RPC, place and value": len(wanted),
                      "cell that was asked least": min(
                          (found["cells"][one] for one in wanted), default=0),
                      "RPCs whose own questions were never answered": ", ".join(never_ok) or "none",
                      "cells never asked": ", ".join(map("/".join, missing[:20])) or "none"}
    trial.figures |= {f"calls given up that ended with {code}": count
                      for code, count in sorted(found["hasty"].items())}
    (trial.directory / "examples.txt").write_text("\n".join(found["examples"]), encoding="utf-8")
    for example in found["examples"][:20]:
        say(f"    {example[:700]}")
    part = trial.seconds / SECONDS
    return [Criterion("answers that tell of another tenant", found["kinds"]["told"], "==", 0),
            Criterion("another's that is not told as nobody's", found["kinds"]["unlike"], "==", 0),
            Criterion("calls", found["calls"], ">=", round(CALLS * part)),
            Criterion("cells that were never asked", len(missing), "==", 0),
            Criterion("RPCs that the trial does not know", len(found["unknown"]), "==", 0),
            Criterion("RPCs without an own question that was answered", len(never_ok), "==", 0),
            Criterion("pairs that were compared of the place with the fewest", compared[fewest],
                      ">=", max(1, int(PAIRS_MIN * part)))]


def run(trial: Trial) -> list[Criterion]:
    from fault.tenants import inspection

    criteria: list[Criterion] = []
    if trial.mutation not in (None, "none", "each", *MUTANTS):
        raise Failure(f"there is no mutant '{trial.mutation}'; there are {', '.join(MUTANTS)}.")
    if trial.mutation in (None, "none"):
        criteria = hunt(trial, inspection)
    if trial.mutation == "none":
        return criteria
    chosen = MUTANTS if trial.mutation in (None, "each") else (trial.mutation,)
    part = replace(trial, directory=trial.directory / "mutants")
    part.directory.mkdir()
    return [*criteria, *mutants(part, chosen)]


def hunt(trial: Trial, inspection) -> list[Criterion]:
    with trial.stack(LOTURA_EVENT_HEARTBEAT_MS=HEARTBEAT_MS) as stack:
        stack.postgres.extra = {"shared_preload_libraries": "pg_stat_statements",
                                "pg_stat_statements.max": 10_000}
        stack.start_backends(Arrangement.SEPARATE)
        inspection.watch_statements(stack)
        stack.start_services(Arrangement.SEPARATE)
        known, tenants = settle(trial, stack, TENANTS)
        hunters = start_hunters(trial, stack, tenants, trial.seconds, "hunt")
        trial.figures["sessions that were cut"] = cut_connections(stack, hunters)
        found = totals(hunters.reports())
        criteria = judged(trial, found, known)
        criteria += inspection.inspect(trial, stack, known, tenants)
        for tenant in tenants:
            tenant.close()
    return criteria


def mutants(trial: Trial, names: tuple[str, ...]) -> list[Criterion]:
    """Of each whether it is found, by another kind of difference than there is without any."""
    binaries: Path = linked_binaries(trial.directory, "mutant")
    with trial.stack(binaries, LOTURA_EVENT_HEARTBEAT_MS=HEARTBEAT_MS) as stack:
        stack.start_backends()
        stack.start_services()
        _, tenants = settle(trial, stack, MUTANT_TENANTS)
        none = _hunted(trial, stack, tenants, "none", [])
        criteria = [Criterion("kinds of differences without a mutant", len(none["kinds"]), "==", 0)]
        for name in names:
            stack.variables[OMITTED] = name
            stack.member("all").restart()
            criteria.append(_mutant(trial, stack, tenants, name, sorted(none["kinds"])))
        for tenant in tenants:
            tenant.close()
    return criteria


def _hunted(trial: Trial, stack: Stack, tenants: list, name: str, known: list[str]) -> dict:
    """What is found until it is another kind than is known."""
    found = totals(start_hunters(trial, stack, tenants, MUTANT_S, name, until_found=True,
                                 known=known).reports())
    for example in found["examples"][:1]:
        say(f"    {name}: {example[:300]}")
    return found


def _mutant(trial: Trial, stack: Stack, tenants: list, name: str, known: list[str]) -> Criterion:
    begin = time.monotonic()
    kinds = sorted(set(_hunted(trial, stack, tenants, name, known)["kinds"]) - set(known))
    if kinds:
        trial.figures[f"{name}: found by"] = ", ".join(kinds)
        trial.figures[f"{name}: found after, s"] = time.monotonic() - begin
    return Criterion(f"found of the mutant '{name}'", int(bool(kinds)), "==", 1)
