"""Loopback ports, chosen once and remembered."""

import json
import random
import socket
from pathlib import Path

from devkit.console import Failure

# Below what Linux hands out for outgoing connections (from 32768 on).
RANGE = range(20000, 32000)
ATTEMPTS = 200


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A port that only lingers after a connection was closed is free for a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Ports:
    """Names to port numbers, kept in a file so that endpoints stay the same between starts."""

    def __init__(self, path: Path):
        self._path = path
        self._ports: dict[str, int] = {}
        if path.exists():
            self._ports = json.loads(path.read_text(encoding="utf-8"))

    def __getitem__(self, name: str) -> int:
        if name not in self._ports:
            self.choose(name)
        return self._ports[name]

    def choose(self, name: str) -> int:
        """Takes a new free port under this name."""
        taken = set(self._ports.values())
        for _ in range(ATTEMPTS):
            port = random.choice(RANGE)
            if port not in taken and is_free(port):
                self._ports[name] = port
                self._path.write_text(json.dumps(self._ports, indent=2) + "\n", encoding="utf-8")
                return port
        raise Failure(f"found no free port from {RANGE.start} to {RANGE.stop - 1}.")
