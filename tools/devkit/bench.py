"""Verb bench: runs a benchmark and prints its ratios."""

import argparse
import importlib
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

from bench import report, sweep
from bench.figures import Result
from bench.run import Run, steadily

from devkit import setup
from devkit.build import build
from devkit.console import Failure, say, step
from devkit.kept import Kept, sources
from devkit.layout import ROOT, VAR

SUMMARY = ("compare with the cost of the parts: one benchmark (P1), as a table or --json, or all, "
           "into docs/performance.md")
ALL = "ALL"
KEPT = VAR / "bench.json"
CURVES = "curves"
BENCHMARKS = ROOT / "tools" / "bench"
TARGETS = ["lotura-load", "lotura-bench-importer", "lotura-bench-lister", "lotura-bench-server",
           "lotura-bench-producer", "lotura-accounts", "lotura-communications", "lotura-migrate", "lotura"]
# Those whose size can be reduced, and to how many rows.
SIZED = ("P7", "P8", "P13")
ROWS_MIN = 10_000


def names() -> list[str]:
    """P1, P2, ...: one for each module of that name."""
    found = [path.stem for path in BENCHMARKS.glob("p[0-9]*.py")]
    return [name.upper() for name in sorted(found, key=lambda name: int(name[1:]))]


def run_one(name: str, pairs: int, rows: int | None = None) -> Result:
    benchmark = importlib.import_module(f"bench.{name.lower()}")
    step(f"{name}: {benchmark.TITLE}")
    VAR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as directory:
        run = Run(directory=Path(directory), pairs=pairs, rows=rows)
        goals, probe = steadily(run, benchmark.measure)
        return Result(id=name, goals=tuple(goals), pairs=pairs, fdatasync_per_s=probe.fdatasync,
                      seen=tuple(run.seen))


def curves() -> dict[str, list[dict]]:
    step("curves from one call in flight to many")
    VAR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as directory:
        found = sweep.measure(Path(directory))
    return {name: [asdict(point) for point in points] for name, points in found.items()}


def run_all(pairs: int, kept: Kept) -> tuple[list[Result], dict[str, str]]:
    """Every benchmark that is not kept, and the curves; writes the page about them. Returns also
    why a benchmark has no result."""

    def measure(name: str) -> dict:
        if name == CURVES:
            return curves()
        result = run_one(name, pairs)
        say(result.as_table())
        return result.stored()

    found, missing = kept.each([*names(), CURVES], measure, f"--pairs {pairs}")
    drawn = {name: [sweep.Point(**point) for point in points]
             for name, points in found.pop(CURVES, {}).items()}
    results = [Result.of(stored) for stored in found.values()]
    say(f"    {report.write(ROOT / 'docs', results, drawn, missing)}")
    return results, missing


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev bench", description=SUMMARY)
    parser.add_argument("name", type=str.upper, choices=[*names(), ALL], help="which one")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each")
    parser.add_argument("--pairs", type=int, default=3, help="at least 3 (default: 3)")
    parser.add_argument("--rows", type=int, help=f"{', '.join(SIZED)}: fewer rows than the goal "
                        f"is about, for a try (at least {ROWS_MIN:,})")
    parser.add_argument("--resume", action="store_true",
                        help="all: go on with an interrupted run over the same commit")
    options = parser.parse_args(arguments)
    if options.pairs < 3:
        parser.error("a median needs at least 3 pairs")
    everything = options.name == ALL
    if options.rows is not None and (options.name not in SIZED or options.rows < ROWS_MIN):
        parser.error(f"--rows is for a try of {', '.join(SIZED)}, and at least {ROWS_MIN:,}")
    if options.resume and not everything:
        parser.error("--resume goes on with a run over all")
    setup.ensure()
    build("release", TARGETS)
    results, missing = (run_all(options.pairs, Kept(KEPT, sources(), resume=options.resume))
                        if everything
                        else ([run_one(options.name, options.pairs, options.rows)], {}))
    for result in results:
        if options.json:
            say(json.dumps(result.as_json()))
        elif not everything:
            say(result.as_table())
    return 0 if not missing and all(result.met for result in results) else 1
