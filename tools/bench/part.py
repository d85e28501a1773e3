"""The door before a part of known service time: it bears so much and no more, on any machine."""

import subprocess
from contextlib import contextmanager


from bench.network import free_address
from bench.programs import Load, Span, run_load, server
from bench.rig import Rig

CONNECTIONS = 4
# Enough to keep all connections busy, and few enough to be no overload.
IN_FLIGHT = 16


class Part:
    """A server each of whose calls waits for a statement that only takes time."""

    def __init__(self, rig: Rig, address: str, process: subprocess.Popen):
        self._rig = rig
        self._address = address
        self.process = process

    def load(self, span: Span, **flags) -> Load:
        return run_load(self._address, "nothing", span=span, token_file=self._rig.token_file,
                        **flags)

    def capacity(self, span: Span) -> float:
        """Calls a second, of which none fails."""
        return self.load(span, in_flight=IN_FLIGHT).check().ok_per_s


@contextmanager
def part(rig: Rig, part_us: int):
    """Serves for the time of the block, on CONNECTIONS connections that are busy for `part_us`."""
    address = free_address()
    with server(address, kind="door", token_issuers=rig.stack.issuer.trust_path,
                executor_threads=CONNECTIONS, postgres=rig.conninfo, part_us=part_us) as process:
        yield Part(rig, address, process)
