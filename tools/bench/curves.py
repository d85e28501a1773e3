"""Curves as an SVG, drawn by gnuplot."""

import subprocess
from pathlib import Path

from devkit.console import Failure

from bench.sweep import Point

DRAW_S = 60
# In the order of the curves: colors that also people without red or green tell apart.
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def _block(name: str, points: list[Point]) -> str:
    rows = "\n".join(f"{one.in_flight} {one.per_s:.1f} {one.p50_ms:.3f} {one.p99_ms:.3f}"
                     for one in points)
    return f"${name} << END\n{rows}\nEND\n"


def script(curves: dict[str, list[Point]], path: Path) -> str:
    """Throughput above, latency below, over the calls in flight."""
    blocks = {name: f"curve{place}" for place, name in enumerate(curves)}
    rates = ", ".join(f'${block} using 1:2 with linespoints lc rgb "{color}" title "{name}"'
                      for (name, block), color in zip(blocks.items(), COLORS))
    latencies = ", ".join(
        f'${block} using 1:{column} with linespoints dt {dash} lc rgb "{color}" '
        f'title "{name}, {part}"'
        for (name, block), color in zip(blocks.items(), COLORS)
        for column, dash, part in ((3, 1, "median"), (4, 2, "99 of 100")))
    return "".join(_block(blocks[name], points) for name, points in curves.items()) + f"""
set terminal svg size 900,900 font "sans-serif,14" background rgb "white"
set output "{path}"
set multiplot layout 2,1
set logscale xy
set grid
set key outside right top
set xtics (1, 2, 4, 8, 16, 32, 64, 128, 256)
set xlabel "calls in flight"
set ylabel "calls a second"
plot {rates}
set ylabel "latency, ms"
plot {latencies}
"""


def draw(curves: dict[str, list[Point]], path: Path) -> None:
    """Writes the SVG. Failure with gnuplot's own words if it does not work."""
    outcome = subprocess.run(["gnuplot"], input=script(curves, path), text=True, check=False,
                             capture_output=True, timeout=DRAW_S)
    if outcome.returncode != 0:
        raise Failure(f"gnuplot failed: {outcome.stderr.strip()}")
