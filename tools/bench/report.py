"""docs/performance.md: every ratio with its goal, the curves, the machine, and how to repeat it."""

import importlib
from pathlib import Path

from devkit.page import machine, table

from bench.curves import draw
from bench.figures import Result
from bench.sweep import Point

PROSE = Path(__file__).parent / "performance.md.in"
PICTURE = "performance.svg"


def _goals(results: list[Result], missing: dict[str, str]) -> str:
    measured = [(result.id, goal.name, f"{goal.value:.2f}", f"{min(goal.ratios):.2f}",
                 f"{max(goal.ratios):.2f}", f"{goal.op} {goal.goal:g}",
                 "met" if goal.met else "**not met**")
                for result in results for goal in result.goals]
    lost = [(name, why, "", "", "", "", "**not measured**") for name, why in missing.items()]
    return table(("", "ratio", "median", "min", "max", "goal", ""), [*measured, *lost])


def _seen(results: list[Result]) -> str:
    return "\n\n".join(
        f"**{result.id}**: {importlib.import_module(f'bench.{result.id.lower()}').TITLE}. "
        f"{result.pairs} pairs, {result.fdatasync_per_s:,.0f} durable writes a second.\n\n"
        + table(("seen", ""), list(result.seen)) for result in results)


def write(folder: Path, results: list[Result], curves: dict[str, list[Point]],
          missing: dict[str, str]) -> Path:
    """Writes the page and its picture; returns the page. `missing` tells of each benchmark without
    a result why it has none."""
    if curves:
        draw(curves, folder / PICTURE)
    sections = {"goals": _goals(results, missing), "seen": _seen(results), "picture": PICTURE,
                "curves": table(("", "in flight", "a second", "median, ms", "99 of 100, ms"),
                                 [(name, one.in_flight, f"{one.per_s:,.0f}", f"{one.p50_ms:.2f}",
                                   f"{one.p99_ms:.2f}")
                                  for name, points in curves.items() for one in points]),
                "machine": table(("part", ""), machine())}
    page = folder / "performance.md"
    page.write_text(PROSE.read_text(encoding="utf-8").format(**sections), encoding="utf-8")
    return page
