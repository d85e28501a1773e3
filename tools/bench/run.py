"""Runs a benchmark: pairs, interleaved, between two looks at the machine."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from devkit.console import Failure, say

from bench import probe
from bench.programs import Span

ATTEMPTS = 3


@dataclass
class Run:
    """What a benchmark is given. It adds to `seen` what explains its ratios."""

    directory: Path
    pairs: int = 3
    rows: int | None = None  # Instead of as many as the benchmark says: for a try.
    span: Span = Span()
    seen: list[tuple[str, str]] = field(default_factory=list)

    def interleave(self, *sides: Callable) -> list[tuple]:
        """Runs the sides in turn, A B A B ..., and returns what they returned, pair by pair."""
        found = []
        for pair in range(self.pairs):
            found.append(tuple(side() for side in sides))
            say(f"    pair {pair + 1} of {self.pairs}")
        return found

    def rows_or(self, rows: int) -> int:
        """How many rows to work on. A result of fewer than the benchmark says tells so."""
        if self.rows is not None:
            self.note("rows", f"{self.rows:,} instead of {rows:,}")
        return self.rows or rows

    def note(self, name: str, text: str) -> None:
        self.seen.append((name, text))

    def note_means(self, name: str, pairs: list[tuple[float, ...]]) -> None:
        """One mean for each side."""
        self.note(name, ", ".join(f"{mean(side):,.0f}" for side in zip(*pairs, strict=True)))


def steadily(run: Run, measure: Callable) -> tuple:
    """What `measure` returns and the probe before it, of a time in which the machine kept its
    speed. Failure if it never did."""
    for _ in range(ATTEMPTS):
        run.seen.clear()
        before = probe.take(run.directory)
        found = measure(run)
        drift = before.drift_to(probe.take(run.directory))
        if drift <= probe.DRIFT_MAX:
            return found, before
        say(f"    the machine drifted by {drift:.0%} meanwhile: once more")
    raise Failure(f"the machine drifted by more than {probe.DRIFT_MAX:.0%} in each of {ATTEMPTS} "
                  "attempts; nothing can be said.")
