"""How fast the machine is right now, so that a run during which that changed is not believed."""

import hashlib
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PROBE_S = 0.6
DRIFT_MAX = 0.25
BLOCK = bytes(8192)


@dataclass(frozen=True)
class Probe:
    """Both are counts a second: durable writes of 8 KiB, and SHA-256 of 64 KiB on one core."""

    fdatasync: float
    cpu: float

    def drift_to(self, later: "Probe") -> float:
        """The larger of the two changes, as a part: 0.25 means a quarter faster or slower."""
        return max(_change(self.fdatasync, later.fdatasync), _change(self.cpu, later.cpu))


def _change(before: float, after: float) -> float:
    return max(before, after) / min(before, after) - 1


def _rate(work) -> float:
    count = 0
    begin = time.monotonic()
    while time.monotonic() - begin < PROBE_S:
        work()
        count += 1
    return count / (time.monotonic() - begin)


def take(directory: Path) -> Probe:
    """Measures the disk that `directory` is on, and one core. Takes 1.2 s."""
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(BLOCK)

        def write_durably() -> None:
            os.pwrite(file.fileno(), BLOCK, 0)
            os.fdatasync(file.fileno())

        fdatasync = _rate(write_durably)
    data = bytes(65536)
    return Probe(fdatasync=fdatasync, cpu=_rate(lambda: hashlib.sha256(data).digest()))
