"""Lotura's own processes: how they are configured and when they serve."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from devkit.console import Failure, tail
from devkit.layout import SERVICES
from devkit.member import Member, http_ok
from devkit.places import Place
from devkit.ports import Ports

TOGETHER = "all"  # The process that holds every service.
MIGRATE_TIMEOUT_S = 300


@dataclass(frozen=True)
class Surroundings:
    """What every process of Lotura is told about the world."""

    binaries: Path
    postgres: str
    redis: str
    kafka: str
    issuers: Path
    page_token_keys: Path
    audit_key: Path
    extra: dict[str, str] = field(default_factory=dict)  # Further variables; they win.

    def variables(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items()
                     if name in ("PATH", "HOME", "LANG", "TZ") or name.endswith("SAN_OPTIONS")
                     or name == "LOTURA_LOG_LEVEL"}
        return inherited | {
            "LOTURA_ENVIRONMENT": "development",
            "LOTURA_POSTGRES": self.postgres,
            "LOTURA_REDIS": self.redis,
            "LOTURA_KAFKA_BROKERS": self.kafka,
            "LOTURA_TOKEN_ISSUERS": str(self.issuers),
            "LOTURA_PAGE_TOKEN_KEYS": str(self.page_token_keys),
            "LOTURA_AUDIT_KEY": str(self.audit_key),
            # One broker, and no load balancer that would have to notice a stop.
            "LOTURA_TOPIC_REPLICAS": "1",
            "LOTURA_TOPIC_REPLICAS_IN_SYNC": "1",
            "LOTURA_DRAIN_ANNOUNCE_MS": "0",
        } | self.extra

    def binary(self, name: str) -> Path:
        path = self.binaries / f"lotura-{name}"
        if not path.exists():
            raise Failure(f"{path} does not exist; run tools/dev build first, or start only the "
                          "servers around it with tools/dev up --only-backends.")
        return path


class Service(Member):
    """One process of Lotura: a single service, or all of them together."""

    ready_seconds = 90.0

    def __init__(self, place: Place, ports: Ports, name: str,
                 surroundings: Callable[[], Surroundings], program: str = ""):
        super().__init__(place, ports)
        self.name = name
        self._program = program or name  # Replicas of a service have names of their own.
        self.port_names = (f"{name}-grpc", f"{name}-http")
        self._surroundings = surroundings
        self.own: dict[str, str] = {}  # Settings of this process alone; they win.

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.ports[f'{self.name}-grpc']}"

    @property
    def http(self) -> str:
        return f"127.0.0.1:{self.ports[f'{self.name}-http']}"

    def command(self) -> list[str]:
        return [str(self._surroundings().binary(self._program))]

    def environment(self) -> dict[str, str]:
        return self._surroundings().variables() | {"LOTURA_GRPC_LISTEN": self.grpc,
                                                   "LOTURA_HTTP_LISTEN": self.http} | self.own

    def settings(self) -> str:
        program = self._surroundings().binary(self._program).stat()
        return f"{program.st_mtime_ns}:{program.st_size}"

    def is_ready(self) -> bool:
        return http_ok(f"http://{self.http}/readyz")


def migrate(surroundings: Surroundings, log: Path) -> None:
    """Runs lotura-migrate to its end."""
    command = [str(surroundings.binary("migrate"))]
    with log.open("ab") as sink:
        begin = sink.tell()
        try:
            outcome = subprocess.run(command, env=surroundings.variables(), stdout=sink,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd="/",
                                     timeout=MIGRATE_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"lotura-migrate did not end within {MIGRATE_TIMEOUT_S} s; "
                          f"see {log}.") from None
    if outcome.returncode != 0:
        raise Failure(f"lotura-migrate failed. The end of {log}:\n{tail(log, begin)}")
