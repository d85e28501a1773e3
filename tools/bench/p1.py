"""P1: what a call costs before and after its work."""

import subprocess
from dataclasses import dataclass

from devkit.issuer import Issuer

from bench.figures import Goal
from bench.network import free_address
from bench.programs import cpu_seconds, run_load, server
from bench.run import Run

TITLE = "an empty call through the whole door / a bare echo, each server on one core"
GOAL = 0.65
IN_FLIGHT = 64
SERVER_CORE, LOAD_CORE = 0, 1


@dataclass(frozen=True)
class Side:
    """Calls a second, and how busy the two cores were, as parts."""

    rate: float
    server: float
    load: float

    def __str__(self) -> str:
        return (f"{self.rate:,.0f} calls a second; server's core {self.server:.0%} busy, "
                f"load's {self.load:.0%}")


def measure(run: Run) -> list[Goal]:
    """Token, permission, deadline, limits, metrics and log, against gRPC's callback API alone."""
    issuer = Issuer(run.directory)
    token_file = run.directory / "token"
    token_file.write_text(issuer.mint(permissions=("bench.*",)), encoding="ascii")
    bare, door = free_address(), free_address()

    def side(target: str, process: subprocess.Popen) -> Side:
        before = cpu_seconds(process.pid)
        load = run_load(target, "nothing", span=run.span, core=LOAD_CORE, token_file=token_file,
                        in_flight=IN_FLIGHT).check()
        used = (cpu_seconds(process.pid) - before) / run.span.whole_s
        return Side(rate=load.ok_per_s, server=used, load=load.cpu_s / run.span.measured_s)

    with server(bare, core=SERVER_CORE, kind="bare") as bare_process, \
         server(door, core=SERVER_CORE, kind="door",
                token_issuers=issuer.trust_path) as door_process:
        pairs = run.interleave(lambda: side(door, door_process), lambda: side(bare, bare_process))
    for number, (ours, echo) in enumerate(pairs, start=1):
        run.note(f"pair {number}, door", str(ours))
        run.note(f"pair {number}, bare echo", str(echo))
    return [Goal("door / bare echo", tuple(ours.rate / echo.rate for ours, echo in pairs), ">=",
                 GOAL)]
