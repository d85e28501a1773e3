"""Programs that a benchmark runs to their end, and what they print."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devkit.console import Failure
from devkit.layout import ROOT
from devkit.process import wait_until

from bench.network import accepts

BINARIES = Path(os.environ.get("LOTURA_BINARIES", ROOT / "build" / "bin"))
SLACK_S = 60
READY_S = 10


@dataclass(frozen=True)
class Span:
    """How long one side of a pair runs."""

    warm_up_s: float = 2.0
    measured_s: float = 8.0

    @property
    def whole_s(self) -> float:
        return self.warm_up_s + self.measured_s

    def flags(self) -> dict:
        """As the programs of this folder take it."""
        return {"warm_up_ms": round(self.warm_up_s * 1000),
                "measured_ms": round(self.measured_s * 1000)}


@dataclass(frozen=True)
class Load:
    """What lotura-load printed."""

    ok_per_s: float
    failed: dict[str, int]
    p50_us: float
    p99_us: float
    cpu_s: float  # Of the load's own process, while it measured.
    ok: int
    answer_bytes: int  # Mean size of the answers.
    repetitions: int  # By callers who ask again after a failure.
    refused: int  # RESOURCE_EXHAUSTED, each time that it was answered.
    refused_without_time: int  # Those that did not say when to come again.
    refused_p99_us: float  # From when the call was sent.

    def check(self) -> "Load":
        """Itself. Failure if any call failed: a benchmark of errors says nothing."""
        if self.failed:
            raise Failure(f"calls of the load failed: {self.failed}.")
        return self


def output_of(command: Sequence[str], seconds: float) -> str:
    """What a program prints. Failure with its own words if it fails, or does not end in time."""
    try:
        outcome = subprocess.run(command, capture_output=True, text=True, check=False,
                                 timeout=seconds + SLACK_S, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failure(f"'{command[0]}' did not end in time.") from None
    if outcome.returncode != 0:
        raise Failure(f"'{' '.join(command)}' failed: {outcome.stderr.strip()[-2000:]}")
    return outcome.stdout


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def on_core(core: int | None) -> list[str]:
    return [] if core is None else ["taskset", "-c", str(core)]


def _flags(flags: dict) -> list[str]:
    return [f"--{name.replace('_', '-')}={value}" for name, value in flags.items()
            if value is not None]


def run_load(target: str, workload: str, *, span: Span, core: int | None = None, **flags) -> Load:
    """Runs lotura-load; further flags by their names: in_flight=64, rate=1000, run="a"."""
    printed = run_program("lotura-load", span=span, core=core, target=target, workload=workload,
                          **flags)
    return Load(ok_per_s=printed["ok_per_second"], failed=printed["failed"], ok=printed["ok"],
                p50_us=printed["ok_us"]["p50"], p99_us=printed["ok_us"]["p99"],
                cpu_s=printed["cpu_seconds"], answer_bytes=round(printed["answer_bytes"]),
                repetitions=printed["repetitions"], refused=printed["refused"],
                refused_without_time=printed["refused_without_time"],
                refused_p99_us=printed["refused_us"]["p99"])


def run_program(name: str, *, span: Span, core: int | None = None, **flags) -> dict:
    """Runs one of ours for a span; returns the JSON object that it prints."""
    return run_job(name, bound_s=span.whole_s, core=core, **flags, **span.flags())


def run_job(name: str, *, bound_s: float, core: int | None = None, **flags) -> dict:
    """Runs one of ours to the end of its work, which comes within the bound."""
    return json.loads(output_of([*on_core(core), str(BINARIES / name), *_flags(flags)], bound_s))


def _end(child: subprocess.Popen) -> None:
    """Asks a program of ours to end. Failure, and its end, if it does not."""
    child.terminate()
    try:
        child.wait(timeout=SLACK_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise Failure(f"'{child.args[0]}' did not end when it was asked to.") from None


@contextmanager
def load_meanwhile(target: str, workload: str, *, span: Span, **flags):
    """A load that runs while the block does, and ends with it."""
    command = [str(BINARIES / "lotura-load"),
               *_flags({"target": target, "workload": workload} | flags | span.flags())]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             stdin=subprocess.DEVNULL)
    try:
        yield
        if child.poll() is not None:
            raise Failure("the load ended before what it ran beside.")
    finally:
        _end(child)


@dataclass(frozen=True)
class Pgbench:
    """What pgbench printed; latencies of whole transactions."""

    tps: float
    latencies_us: tuple[int, ...]  # Sorted; empty unless they were asked for.

    def percentile_us(self, part: float) -> int:
        return self.latencies_us[max(0, round(part * len(self.latencies_us)) - 1)]


def run_pgbench(conninfo: str, script: Path, *, clients: int, span: Span,
                rate: float | None = None) -> Pgbench:
    """Runs a script, prepared: as fast as it goes, or at a rate, and then with latencies."""
    command = ["/usr/lib/postgresql/15/bin/pgbench", "--no-vacuum", "--protocol=prepared",
               f"--client={clients}", f"--jobs={min(clients, 2)}", f"--file={script}", conninfo]
    with tempfile.TemporaryDirectory(dir=script.parent) as logs:
        if rate is not None:
            command += [f"--rate={rate:.0f}", "--log", f"--log-prefix={logs}/log"]
            printed = output_of([*command, f"--time={span.whole_s:.0f}"], span.whole_s)
            latencies = _latencies(Path(logs), span)
        else:
            # Its rate is that of the whole run, so that the warm-up is a run of its own.
            output_of([*command, f"--time={max(1, span.warm_up_s):.0f}"], span.warm_up_s)
            printed = output_of([*command, f"--time={span.measured_s:.0f}"], span.measured_s)
            latencies = ()
    failed = re.search(r"number of failed transactions: (\d+)", printed)
    if failed and int(failed.group(1)):
        raise Failure(f"{failed.group(1)} transactions of pgbench failed.")
    return Pgbench(tps=float(re.search(r"tps = ([0-9.]+)", printed).group(1)),
                   latencies_us=latencies)


def _latencies(logs: Path, span: Span) -> tuple[int, ...]:
    """Third column of pgbench's logs, of transactions that ended after the warm-up."""
    rows = [line.split() for file in logs.iterdir()
            for line in file.read_text(encoding="ascii").splitlines()]
    ends = [(int(row[4]) + int(row[5]) / 1e6, int(row[2])) for row in rows]
    first = min(end for end, _ in ends) + span.warm_up_s
    return tuple(sorted(latency for end, latency in ends if end >= first))


@contextmanager
def server(address: str, *, core: int | None = None, **flags):
    """lotura-bench-server at this address for the time of the block; yields its process."""
    command = [*on_core(core), str(BINARIES / "lotura-bench-server"), f"--listen={address}",
               *_flags(flags)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             stdin=subprocess.DEVNULL)
    try:
        if not wait_until(lambda: accepts(address), READY_S):
            raise Failure(f"lotura-bench-server does not serve at {address}.")
        yield child
    finally:
        _end(child)
