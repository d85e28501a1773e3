"""R27: every attack of docs/refusals.md on every RPC, again and again, with other records."""

import time

from devkit.console import say
from devkit.layout import SERVICES
from devkit.stack import Arrangement

from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = ("every RPC with each wrong token, with another role, with values for fields that are not the "
         "caller's, with the largest and negative pages, filters and messages within each other, 5 MiB")
SECONDS = 60
SHOWN_MAX = 20
MEMORY_MIB = 256


def resident_mib(pid: int) -> float:
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        (line,) = [line for line in status if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def run(trial: Trial) -> list[Criterion]:
    # Not at the top: the protos are compiled when it is imported.
    from fault.attacks import Attacker, all_differences

    rounds = tried = 0
    wrong: list[str] = []
    with trial.stack() as stack:
        stack.start_backends(Arrangement.SEPARATE)
        stack.start_services(Arrangement.SEPARATE)
        attacker = Attacker(stack, trial.seed)
        processes = {name: stack.member(name).pid for name in SERVICES}
        end = time.monotonic() + trial.seconds
        grown: dict[str, float] = {}
        while rounds == 0 or time.monotonic() < end:
            count, differences = all_differences(attacker)
            rounds, tried = rounds + 1, tried + count
            wrong += differences
            sizes = {name: resident_mib(pid) for name, pid in processes.items()}
            # The first round fills what is kept for later: pools, caches, buffers.
            grown = grown or sizes
        growth = max(sizes[name] - grown[name] for name in SERVICES)
        ended = sum(stack.member(name).pid != pid for name, pid in processes.items())
        attacker.close()
    for text in wrong[:SHOWN_MAX]:
        say(f"    {text}")
    trial.figures |= {"cells": count, "rounds": rounds, "attempts": tried}
    return [Criterion("cells that are not as declared", len(wrong), "==", 0),
            Criterion("cells as declared, %", 100 * (tried - len(wrong)) / tried, "==", 100),
            Criterion("services that ended", ended, "==", 0),
            Criterion("MiB by which a service grew after the first round", growth, "<=", MEMORY_MIB)]
