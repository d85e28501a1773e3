"""A whole private installation: PostgreSQL, Redis, Kafka, Prometheus and Lotura's services.

    with Stack(tmp_path) as stack:            # when the block ends, only the logs are left
        stack.start_backends()
        stack.start_services(Arrangement.SEPARATE)
        stack.member("sales").kill()          # kill -9
        stack.member("sales").start()
        stack.member("kafka").restart()
        call(stack.grpc("sales"), stack.issuer.mint(user="users/anna"))

`tools/dev up` is this class with the repository's var/ directory and no block around it.
"""

import enum
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from devkit.backends import Kafka, Postgres, Prometheus, Redis
from devkit.console import Failure, say
from devkit.issuer import Issuer, ensure_audit_key, ensure_page_token_keys
from devkit.layout import ROOT, SERVICES
from devkit.member import DIRECT, Member
from devkit.places import Place
from devkit.ports import Ports
from devkit.services import TOGETHER, Service, Surroundings, migrate


SCRAPE_S = 30


class Arrangement(enum.Enum):
    """How the services are spread over processes."""

    TOGETHER = "together"
    SEPARATE = "separate"


class Stack:
    """Starts, stops and finds the members of one installation in one directory.

    A second Stack on the same directory sees what the first one started. Used as a context, the
    members die with this process even if it is killed; otherwise they live on until `stop`.
    """

    def __init__(self, directory: Path, binaries: Path = ROOT / "build" / "bin",
                 variables: dict[str, str] | None = None):
        self.place = Place(Path(directory))
        self.ports = Ports(self.place.directory / "ports.json")
        self.issuer = Issuer(self.place.issuer)
        self.postgres = Postgres(self.place, self.ports)
        self.redis = Redis(self.place, self.ports)
        self.kafka = Kafka(self.place, self.ports)
        self.prometheus = Prometheus(self.place, self.ports)
        self.services = {name: Service(self.place, self.ports, name, self.surroundings)
                         for name in (TOGETHER, *SERVICES)}
        self._binaries = Path(binaries)
        self.variables = dict(variables or {})  # Further settings of the services.
        self._guard: subprocess.Popen | None = None

    def surroundings(self) -> Surroundings:
        """What the services are told; ports may have moved since it was last asked for."""
        return Surroundings(
            binaries=self._binaries, postgres=self.postgres.conninfo(),
            redis=self.redis.address, kafka=self.kafka.brokers, issuers=self.issuer.trust_path,
            page_token_keys=ensure_page_token_keys(self.place.secrets / "page_token_keys"),
            audit_key=ensure_audit_key(self.place.secrets / "audit.pem"),
            extra=self.variables)

    def add_replica(self, service: str, number: int) -> Service:
        """Another process of the service, such as "sales-2", with ports of its own; not started."""
        name = f"{service}-{number}"
        self.services[name] = Service(self.place, self.ports, name, self.surroundings, service)
        return self.services[name]

    @property
    def backends(self) -> tuple[Member, ...]:
        return (self.postgres, self.redis, self.kafka, self.prometheus)

    @property
    def members(self) -> tuple[Member, ...]:
        """All members, in the order in which they start."""
        return (*self.backends, *self.services.values())

    def member(self, name: str) -> Member:
        for member in self.members:
            if member.name == name:
                return member
        names = ", ".join(member.name for member in self.members)
        raise Failure(f"there is no '{name}' in a stack; its members are {names}.")

    def serving(self, service: str) -> Service:
        """What serves it in the arrangement that runs."""
        own = self.services[service]
        return own if own.is_running() else self.services[TOGETHER]

    def grpc(self, service: str) -> str:
        """host:port where this service answers gRPC."""
        return self.serving(service).grpc

    def exposition(self, service: str) -> str:
        """What it tells Prometheus, together with what else its process serves."""
        with DIRECT.open(f"http://{self.serving(service).http}/metrics", timeout=SCRAPE_S) as answer:
            return answer.read().decode()

    def start_backends(self, arrangement: Arrangement = Arrangement.TOGETHER) -> None:
        """Starts PostgreSQL, Redis, Kafka and Prometheus and waits until they serve."""
        self._aim_prometheus(arrangement)
        self._start(self.backends)
        self.postgres.create_database()

    def check_binaries(self, arrangement: Arrangement) -> None:
        """Failure naming the first binary that is not built."""
        for name in ("migrate", *(service.name for service in self._processes(arrangement))):
            self.surroundings().binary(name)

    def migrate(self) -> None:
        """Brings the database to the schema of the binaries."""
        migrate(self.surroundings(), self.place.log / "migrate.log")

    def start_services(self, arrangement: Arrangement = Arrangement.TOGETHER) -> None:
        """Migrates, stops what belongs to the other arrangement, starts the services."""
        self.check_binaries(arrangement)
        wanted = self._processes(arrangement)
        self.migrate()
        for service in self.services.values():
            if service not in wanted:
                service.stop()
        self._start(wanted)
        self._aim_prometheus(arrangement)
        self._start((self.prometheus,))
        self._write_endpoints()

    def revive(self) -> list[Service]:
        """Starts the services that have ended by themselves, as an orchestrator does, and waits."""
        ended = [service for service in self.services.values() if service.has_ended()]
        for service in ended:
            service.start()
        for service in ended:
            service.wait_ready()
        return ended

    def _aim_prometheus(self, arrangement: Arrangement) -> None:
        self.prometheus.targets = {service.name: service.http
                                   for service in self._processes(arrangement)}

    def _processes(self, arrangement: Arrangement) -> tuple[Service, ...]:
        names = (TOGETHER,) if arrangement is Arrangement.TOGETHER else SERVICES
        return tuple(self.services[name] for name in names)

    def _start(self, members: tuple[Member, ...]) -> None:
        for member in members:
            if not member.is_running():
                member.take_free_ports()
        idle = [member for member in members if not member.is_current()]
        with ThreadPoolExecutor(max_workers=len(members)) as pool:
            list(pool.map(lambda member: member.prepare(), idle))
        for member in idle:
            member.start()
        for member in members:
            member.wait_ready()
            say(f"    {member.name} is ready")

    def _write_endpoints(self) -> None:
        """endpoints.json tells programs where everything is."""
        endpoints = {"postgres": self.postgres.conninfo(), "redis": self.redis.address,
                     "kafka": self.kafka.brokers, "prometheus": self.prometheus.url,
                     "jwks": str(self.issuer.jwks_path),
                     "grpc": {name: self.grpc(name) for name in SERVICES},
                     "http": {service.name: service.http for service in self.services.values()
                              if service.is_running()}}
        path = self.place.directory / "endpoints.json"
        path.write_text(json.dumps(endpoints, indent=2) + "\n", encoding="utf-8")

    def stop(self) -> list[str]:
        """Stops everything, services first, and returns the names of what was running."""
        stopped = []
        for member in reversed(self.members):
            if member.is_running():
                stopped.append(member.name)
            member.stop()
        return stopped

    def kill(self) -> None:
        """kill -9 to everything at once."""
        for member in reversed(self.members):
            member.kill()

    def delete(self, keep: tuple[Path, ...] = ()) -> None:
        """Removes all that a stopped stack has written, but for `keep`."""
        running = [member.name for member in self.members if member.is_running()]
        if running:
            raise Failure(f"cannot delete the stack while {', '.join(running)} runs.")
        self.place.remove(keep)

    def __enter__(self) -> "Stack":
        # The guard waits for the end of its input, which comes when this process is gone.
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "devkit.guard", str(self.place.directory)],
            stdin=subprocess.PIPE, start_new_session=True, cwd=ROOT / "tools")
        return self

    def __exit__(self, *_) -> None:
        try:
            self.stop()
            self.delete(keep=(self.place.log,))
        finally:
            self._guard.stdin.close()
            self._guard.wait(timeout=60)
