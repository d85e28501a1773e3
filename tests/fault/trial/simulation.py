"""SIMULATION: domain, engine, combiner, relay and consumers on one thread, in a time of their own."""

import json
import subprocess

from devkit.console import Failure

from fault.trial.figures import Criterion
from fault.trial.supervisor import BINARIES, Trial

TITLE = ("seeded histories of clients, replicas, relays and consumers with injected faults; and six "
         "mistakes, which must be found")
# The time of the machine: seeds take as long as they take.
SECONDS = 900
SEEDS = 10_000
# Of each fault, in that many seeds.
FIRES_MIN = 1_000
MUTATIONS = ("no_horizon", "unguarded_update", "early_cursor", "split_inbox", "unleased_fill",
             "rerun_in_doubt")


def run(trial: Trial) -> list[Criterion]:
    seeds = SEEDS if trial.seeds is None else trial.seeds
    if trial.mutation is not None:
        return [_mutation(trial, trial.mutation, seeds)]
    found = _simulate(trial, seeds)
    trial.figures |= {name: found[name]
                      for name in ("seeds", "writes", "simulated_seconds", "hash")}
    trial.figures |= {f"fault {name}": times for name, times in found["faults"].items()}
    trial.figures |= {f"checks of {name}": times for name, times in found["checks"].items()}
    trial.figures |= {f"seed {violation['seed']}": violation["what"]
                      for violation in found["violations"]}
    rarest = min(found["faults"].values())
    return [Criterion("seeds that violate an invariant", len(found["violations"]), "==", 0),
            Criterion("times that the rarest fault struck", rarest, ">=",
                      FIRES_MIN * seeds / SEEDS),
            *(_mutation(trial, mutation, seeds) for mutation in MUTATIONS)]


def _mutation(trial: Trial, mutation: str, seeds: int) -> Criterion:
    """A mutated run ends with the first seed that gives it away."""
    found = _simulate(trial, seeds, "--mutation", mutation)
    if found["violations"]:
        (violation,) = found["violations"]
        trial.figures[f"seeds until {mutation} is found"] = found["seeds"]
        trial.figures[f"{mutation} gives itself away by"] = violation["what"].split(":")[0]
    return Criterion(f"found of the mutation '{mutation}'", len(found["violations"]), "==", 1)


def _simulate(trial: Trial, seeds: int, *more: str) -> dict:
    command = [BINARIES / "lotura-simulation", "--json", "--seeds", str(seeds), "--seed",
               str(trial.seed), *more]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=trial.seconds,
                             check=False, stdin=subprocess.DEVNULL)
    if not outcome.stdout:
        raise Failure(f"lotura-simulation broke off: {outcome.stderr[-2000:]}")
    return json.loads(outcome.stdout)
