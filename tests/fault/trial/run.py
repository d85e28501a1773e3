"""Runs a trial by its name and prints what it found."""

import argparse
import importlib
import json
import tempfile
from pathlib import Path

from devkit.console import say, step
from devkit.layout import VAR

from fault.trial.figures import Result
from fault.trial.supervisor import Trial

TRIALS = Path(__file__).parent
NAMED = ("CROSSING", "SIMULATION", "VERBS")


def names() -> list[str]:
    """R1, R2, ...: one for each module of that name; and those that have a word for a name."""
    found = [path.stem for path in TRIALS.glob("r[0-9]*.py")]
    return [*(name.upper() for name in sorted(found, key=lambda name: int(name[1:]))), *NAMED]


def parser(program: str, summary: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog=program, description=summary)
    made.add_argument("name", type=str.upper, choices=names(), help="which one")
    made.add_argument("--seconds", type=float, help="how long (default: the trial's own time)")
    made.add_argument("--seed", type=int, default=1, help="of load and faults (default: 1)")
    made.add_argument("--rate", type=float, help="writes a second instead of the trial's own")
    made.add_argument("--seeds", type=int, help="of the simulation, from --seed on")
    made.add_argument("--mutation", help="only this mistake is looked for by the simulation")
    made.add_argument("--json", action="store_true", help="print one JSON object at the end")
    made.add_argument("--keep", type=Path, help="a new directory for histories and logs")
    return made


def run_one(options: argparse.Namespace, directory: Path) -> Result:
    module = importlib.import_module(f"fault.trial.{options.name.lower()}")
    step(f"{options.name}: {module.TITLE}")
    trial = Trial(directory=directory, seed=options.seed, rate=options.rate,
                  seeds=options.seeds, mutation=options.mutation,
                  seconds=module.SECONDS if options.seconds is None else options.seconds)
    criteria = module.run(trial)
    return Result(id=options.name, seed=trial.seed, seconds=trial.seconds,
                  criteria=tuple(criteria), figures=trial.figures)


def run(options: argparse.Namespace) -> int:
    """The exit code: 0 if every criterion was met."""
    if options.keep is not None:
        options.keep.mkdir(parents=True)
        result = run_one(options, options.keep)
    else:
        VAR.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="trial-", dir=VAR) as directory:
            result = run_one(options, Path(directory))
    say(json.dumps(result.as_json()) if options.json else result.as_table())
    return 0 if result.met else 1
