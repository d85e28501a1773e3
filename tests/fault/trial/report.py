"""docs/trials.md: every criterion of every trial with what was seen, and how to repeat it; and beside
it docs/trials.json, from which it is written."""

import importlib
import json
from pathlib import Path

from devkit.page import machine, table

from fault.trial.figures import Result, shown

PROSE = Path(__file__).parent / "trials.md.in"


def title(name: str) -> str:
    return importlib.import_module(f"fault.trial.{name.lower()}").TITLE


def _overview(results: list[Result], missing: dict[str, str]) -> str:
    run = [(result.id, title(result.id), f"{result.seconds:g}", result.seed, result.date,
            "met" if result.met else "**not met**") for result in results]
    lost = [(name, why, "", "", "", "**no result**") for name, why in missing.items()]
    return table(("", "what happens", "seconds", "seed", "on", ""), [*run, *lost])


def _section(result: Result) -> str:
    criteria = table(("criterion", "seen", "bound", ""),
                     [(one.name, shown(one.value), f"{one.op} {one.goal:g}",
                       "met" if one.met else "**not met**") for one in result.criteria])
    figures = [(name, shown(value)) for name, value in result.figures.items()]
    return "\n\n".join([f"### {result.id}", criteria,
                        *([table(("figure", "seen"), figures)] if figures else [])])


def write(page: Path, results: list[Result], missing: dict[str, str]) -> Path:
    """Writes the page and what it is made of, and returns it. `missing` tells of each trial without
    a result why it has none."""
    _source(page).write_text(json.dumps([result.stored() for result in results], indent=1) + "\n",
                             encoding="utf-8")
    sections = {"overview": _overview(results, missing),
                "trials": "\n\n".join(_section(result) for result in results),
                "machine": table(("part", ""), machine())}
    page.write_text(PROSE.read_text(encoding="utf-8").format(**sections), encoding="utf-8")
    return page


def publish(page: Path, result: Result, names: list[str]) -> Path:
    """Writes the page anew with this result in place of the former one of its trial."""
    kept = {one.id: one for one in read(page)} | {result.id: result}
    return write(page, [kept[name] for name in names if name in kept],
                 {name: "it was not run" for name in names if name not in kept})


def read(page: Path) -> list[Result]:
    source = _source(page)
    if not source.exists():
        return []
    return [Result.of(stored) for stored in json.loads(source.read_text(encoding="utf-8"))]


def _source(page: Path) -> Path:
    return page.with_suffix(".json")
