"""Pages of documentation that a verb writes: tables, and the machine that was measured."""

import os
import platform
import re
import subprocess
from pathlib import Path

from devkit.layout import memory_bytes

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


def table(header: tuple[str, ...], rows: list[tuple]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
