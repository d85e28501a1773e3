"""Runs a trial by its name, or all of them, and prints what it found."""

import argparse
import datetime
import importlib
import json
import tempfile
from pathlib import Path

from devkit.console import Failure, say, step
from devkit.kept import Kept, sources
from devkit.layout import ROOT, VAR

from fault.trial import report
from fault.trial.figures import Result
from fault.trial.supervisor import Trial

TRIALS = Path(__file__).parent
ALL = "ALL"
PAGE = ROOT / "docs" / "trials.md"
KEPT = VAR / "trials.json"
NAMED = ("ARCHIVE", "CERTIFICATES", "CROSSING", "KEYCLOAK", "LEAKS", "POLICY", "READS", "SIMULATION", "TLS",
         "VERBS")


def names() -> list[str]:
    """R1, R2, ...: one for each module of that name; and those that have a word for a name."""
    found = [path.stem for path in TRIALS.glob("r[0-9]*.py")]
    return [*(name.upper() for name in sorted(found, key=lambda name: int(name[1:]))), *NAMED]


def parser(program: str, summary: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog=program, description=summary)
    made.add_argument("name", type=str.upper, choices=[*names(), ALL],
                      help="which one; all: every one with its own time, into docs/trials.md")
    made.add_argument("--seconds", type=float, help="how long (default: the trial's own time)")
    made.add_argument("--seed", type=int, default=1, help="of load and faults (default: 1)")
    made.add_argument("--rate", type=float, help="writes a second instead of the trial's own")
    made.add_argument("--seeds", type=int, help="of the simulation, from --seed on")
    made.add_argument("--mutation", help="only this mistake is looked for, by the simulation, by "
                      "leaks and by R24, which both also know 'none' and 'each'")
    made.add_argument("--publish", action="store_true",
                      help="puts what is found into docs/trials.md")
    made.add_argument("--resume", action="store_true",
                      help="all: go on with an interrupted run over the same commit")
    made.add_argument("--json", action="store_true", help="print one JSON object at the end")
    made.add_argument("--keep", type=lambda text: Path(text).resolve(), help="a new directory for histories and logs")
    return made


def run_one(options: argparse.Namespace, directory: Path) -> Result:
    module = importlib.import_module(f"fault.trial.{options.name.lower()}")
    step(f"{options.name}: {module.TITLE}")
    trial = Trial(directory=directory, seed=options.seed, rate=options.rate,
                  seeds=options.seeds, mutation=options.mutation,
                  seconds=module.SECONDS if options.seconds is None else options.seconds)
    criteria = module.run(trial)
    return Result(id=options.name, seed=trial.seed, seconds=trial.seconds,
                  criteria=tuple(criteria), figures=trial.figures,
                  date=datetime.date.today().isoformat())


def run_apart(options: argparse.Namespace) -> Result:
    """In a directory that is removed afterwards."""
    VAR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="trial-", dir=VAR) as directory:
        return run_one(options, Path(directory))


def run_all(options: argparse.Namespace, kept: Kept, page: Path = PAGE) -> bool:
    """Every trial that is not kept; writes the page about them. Whether each had a result that met
    its criteria."""

    def measure(name: str) -> dict:
        result = run_apart(argparse.Namespace(**(vars(options) | {"name": name})))
        say(result.as_table())
        return result.stored()

    chosen = {name: value for name, value in vars(options).items()
              if name in ("seconds", "seed", "rate", "seeds") and value is not None}
    found, missing = kept.each(names(), measure, json.dumps(chosen))
    results = [Result.of(stored) for stored in found.values()]
    say(f"    {report.write(page, results, missing)}")
    return not missing and all(result.met for result in results)


def run(options: argparse.Namespace) -> int:
    """The exit code: 0 if every criterion was met."""
    if options.name == ALL:
        return 0 if run_all(options, Kept(KEPT, sources(), resume=options.resume)) else 1
    if options.resume:
        raise Failure("--resume goes on with a run over all.")
    if options.keep is not None:
        options.keep.mkdir(parents=True)
        result = run_one(options, options.keep)
    else:
        result = run_apart(options)
    if options.publish:
        report.publish(PAGE, result, names())
    say(json.dumps(result.as_json()) if options.json else result.as_table())
    return 0 if result.met else 1
