"""P2: creates over gRPC against a database that is written to directly."""

from statistics import median

from bench.figures import Goal
from bench.programs import Load, Pgbench, Span, run_pgbench
from bench.rig import Rig, accounts
from bench.run import Run
from bench.sample_rows import script_of_create

TITLE = ("creates over gRPC with request_id, match key and journal / pgbench writing the same rows "
         "in BEGIN, 4 statements, COMMIT")
CLIENTS = 16


class Creates:
    """Each load creates people that no other load creates."""

    def __init__(self, rig: Rig, span: Span):
        self._rig = rig
        self._span = span
        self._loads = 0

    def __call__(self, **flags) -> Load:
        self._loads += 1
        return self._rig.load("create-person", self._span, run=f"r{self._loads}", **flags)


def measure(run: Run) -> list[Goal]:
    with accounts(run.directory / "stack") as rig:
        creates = Creates(rig, run.span)
        rig.sample("create-person")
        script = run.directory / "create.pgbench"
        script.write_text(script_of_create(rig.conninfo), encoding="utf-8")

        def database(rate: float | None = None) -> Pgbench:
            return run_pgbench(rig.conninfo, script, clients=CLIENTS, span=run.span, rate=rate)

        full = run.interleave(lambda: creates(in_flight=64), database,
                              lambda: creates(in_flight=256))
        half_ours = median(ours.ok_per_s for ours, _, _ in full) / 2
        half_theirs = median(theirs.tps for _, theirs, _ in full) / 2
        half = run.interleave(lambda: creates(rate=round(half_ours)),
                              lambda: database(half_theirs))
    note(run, full, half)
    return [Goal("creates with 64 in flight / pgbench",
                 tuple(ours.ok_per_s / theirs.tps for ours, theirs, _ in full), ">=", 1.2),
            Goal("creates with 256 in flight / pgbench",
                 tuple(ours.ok_per_s / theirs.tps for _, theirs, ours in full), ">=", 1.4),
            Goal("p99 at half load / pgbench's at half load",
                 tuple(ours.p99_us / theirs.percentile_us(0.99) for ours, theirs in half), "<=", 4)]


def note(run: Run, full: list, half: list) -> None:
    for number, (few, theirs, many) in enumerate(full, start=1):
        run.note(f"pair {number}, a second",
                 f"64 in flight {few.ok_per_s:,.0f}, 256 {many.ok_per_s:,.0f}, "
                 f"pgbench {theirs.tps:,.0f}; p99 {few.p99_us / 1e3:.1f} and "
                 f"{many.p99_us / 1e3:.1f} ms")
    for number, (ours, theirs) in enumerate(half, start=1):
        run.note(f"pair {number}, half load",
                 f"p50 {ours.p50_us / 1e3:.2f}, p99 {ours.p99_us / 1e3:.2f} ms; pgbench "
                 f"{theirs.percentile_us(0.5) / 1e3:.2f} and "
                 f"{theirs.percentile_us(0.99) / 1e3:.2f} ms")
