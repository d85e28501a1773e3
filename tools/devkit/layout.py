"""Where the repository, the shared cache and the machine's limits are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEVKIT = ROOT / "tools" / "devkit"
VAR = ROOT / "var"
SERVICES = ("directory", "accounts", "sales", "communications", "analytics")

# What one compiler needs at most for a source that includes gRPC and the engine's templates.
COMPILE_JOB_BYTES = 1200 * 1024 * 1024


def cache() -> Path:
    """Downloads that clones share: $LOTURA_CACHE, or ~/.cache/lotura."""
    chosen = os.environ.get("LOTURA_CACHE")
    return Path(chosen).absolute() if chosen else Path.home() / ".cache" / "lotura"


def memory_bytes(field: str = "MemTotal") -> int:
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        for line in meminfo:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 2 * 1024**3


def compile_jobs() -> int:
    """As many jobs as there are cores, if the memory that is free now bears them."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores, memory_bytes("MemAvailable") // COMPILE_JOB_BYTES))
