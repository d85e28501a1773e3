"""docs/performance.md: every ratio with its goal, the curves, the machine, and how to repeat it."""

import importlib
import os
import platform
import re
import subprocess
from pathlib import Path

from devkit.layout import memory_bytes

from bench.curves import draw
from bench.figures import Result
from bench.sweep import Point

PROSE = Path(__file__).parent / "performance.md.in"
PICTURE = "performance.svg"
VERSION_S = 30
PROGRAMS = {"PostgreSQL": ["/usr/lib/postgresql/15/bin/postgres", "--version"],
            "Redis": ["redis-server", "--version"],
            "gRPC": ["pkg-config", "--modversion", "grpc++"],
            "Protocol Buffers": ["pkg-config", "--modversion", "protobuf"],
            "librdkafka": ["pkg-config", "--modversion", "rdkafka"],
            "compiler": ["c++", "-dumpfullversion"]}


def _version(command: list[str]) -> str:
    printed = subprocess.run(command, capture_output=True, text=True, check=True,
                             timeout=VERSION_S).stdout
    return re.search(r"\d+(\.\d+)+", printed)[0]


def machine() -> list[tuple[str, str]]:
    """What the figures were measured on."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="ascii"))
    return [("processor", f"{os.cpu_count()} cores, {model[1] if model else platform.machine()}"),
            ("memory", f"{memory_bytes() / 2**30:.0f} GiB"),
            ("kernel", f"Linux {platform.release()}"),
            *((name, _version(command)) for name, command in PROGRAMS.items())]


def _table(header: tuple[str, ...], rows: list[tuple]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _goals(results: list[Result], missing: dict[str, str]) -> str:
    measured = [(result.id, goal.name, f"{goal.value:.2f}", f"{min(goal.ratios):.2f}",
                 f"{max(goal.ratios):.2f}", f"{goal.op} {goal.goal:g}",
                 "met" if goal.met else "**not met**")
                for result in results for goal in result.goals]
    # A reason may have lines; a cell has one.
    lost = [(name, " ".join(why.split()), "", "", "", "", "**not measured**")
            for name, why in missing.items()]
    return _table(("", "ratio", "median", "min", "max", "goal", ""), [*measured, *lost])


def _seen(results: list[Result]) -> str:
    return "\n\n".join(
        f"**{result.id}**: {importlib.import_module(f'bench.{result.id.lower()}').TITLE}. "
        f"{result.pairs} pairs, {result.fdatasync_per_s:,.0f} durable writes a second.\n\n"
        + _table(("seen", ""), list(result.seen)) for result in results)


def write(folder: Path, results: list[Result], curves: dict[str, list[Point]],
          missing: dict[str, str]) -> Path:
    """Writes the page and its picture; returns the page. `missing` tells of each benchmark without
    a result why it has none."""
    draw(curves, folder / PICTURE)
    sections = {"goals": _goals(results, missing), "seen": _seen(results), "picture": PICTURE,
                "curves": _table(("", "in flight", "a second", "median, ms", "99 of 100, ms"),
                                 [(name, one.in_flight, f"{one.per_s:,.0f}", f"{one.p50_ms:.2f}",
                                   f"{one.p99_ms:.2f}")
                                  for name, points in curves.items() for one in points]),
                "machine": _table(("part", ""), machine())}
    page = folder / "performance.md"
    page.write_text(PROSE.read_text(encoding="utf-8").format(**sections), encoding="utf-8")
    return page
