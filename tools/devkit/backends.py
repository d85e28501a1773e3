"""The servers that Lotura stands on: PostgreSQL, Redis, Kafka and Prometheus."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

from devkit import artifacts
from devkit.console import Failure, tail
from devkit.layout import ROOT, memory_bytes
from devkit.member import Member, exchange, http_ok
from devkit.places import Place
from devkit.ports import Ports

POSTGRES_BINARIES = Path("/usr/lib/postgresql/15/bin")
ALERTS = sorted((ROOT / "deploy" / "prometheus" / "alerts").glob("*.yaml"))
MIB = 1024 * 1024


def _program(path: str) -> str:
    found = shutil.which(path)
    if found is None:
        raise Failure(f"{path} is missing; run tools/dev setup first.")
    return found


class Postgres(Member):
    """A private PostgreSQL 15 cluster on a unix socket; role and database `lotura`."""

    name = "postgres"
    stop_signal = signal.SIGINT  # Fast shutdown: ends sessions, loses nothing.
    admin = "postgres"

    @property
    def data(self) -> Path:
        return self.place.data / "postgres"

    def conninfo(self, database: str = "lotura", user: str = "lotura") -> str:
        """Where to connect, in libpq's form."""
        return f"host={self.place.sockets} port=5432 dbname={database} user={user}"

    def command(self) -> list[str]:
        settings = {"listen_addresses": "", "unix_socket_directories": self.place.sockets,
                    "port": 5432, "max_connections": 200, "timezone": "UTC", "log_timezone": "UTC",
                    "shared_buffers": f"{self._shared_buffers_mib()}MB", "max_wal_size": "2GB",
                    "log_line_prefix": "%m [%p] %q%u@%d ", "fsync": "on"}
        flags = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return self.place.as_user([_program(str(POSTGRES_BINARIES / "postgres")), "-D",
                                   str(self.data), *flags])

    def _shared_buffers_mib(self) -> int:
        return max(64, min(256, memory_bytes() // 32 // MIB))

    def prepare(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        self.place.owned(self.data)
        self._run("initdb", "-D", str(self.data), "--username", self.admin, "--auth=trust",
                  "--locale=C.UTF-8", "--encoding=UTF8", "--no-instructions")

    def is_ready(self) -> bool:
        probe = [POSTGRES_BINARIES / "pg_isready", "-q", "-t", "1", "-h", self.place.sockets,
                 "-p", "5432"]
        return subprocess.run(probe, check=False).returncode == 0

    def create_database(self) -> None:
        """Makes the role and the database if they are not there; the server must be ready."""
        for exists, create in (
            ("SELECT 1 FROM pg_roles WHERE rolname = 'lotura'", "CREATE ROLE lotura LOGIN"),
            ("SELECT 1 FROM pg_database WHERE datname = 'lotura'",
             "CREATE DATABASE lotura OWNER lotura"),
        ):
            if not self.query(exists, database="postgres", user=self.admin):
                self.query(create, database="postgres", user=self.admin)

    def query(self, sql: str, database: str = "lotura", user: str = "lotura") -> str:
        """Runs one statement with psql; rows as lines, columns separated by `|`."""
        answer = subprocess.run(["psql", "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql,
                                 self.conninfo(database, user)], capture_output=True, text=True,
                                check=False)
        if answer.returncode != 0:
            raise Failure(f"PostgreSQL refused `{sql}`: {answer.stderr.strip()}")
        return answer.stdout.strip()

    def _run(self, tool: str, *arguments: str) -> None:
        with self.log.open("ab") as sink:
            outcome = subprocess.run(self.place.as_user([_program(str(POSTGRES_BINARIES / tool)),
                                                         *arguments]), cwd="/", check=False,
                                     stdout=sink, stderr=subprocess.STDOUT)
        if outcome.returncode != 0:
            raise Failure(f"{tool} failed. The end of {self.log}:\n{tail(self.log)}")


class Redis(Member):
    """Redis as a pure cache on a unix socket: it forgets on stop, as a cache may."""

    name = "redis"

    @property
    def socket(self) -> Path:
        return self.place.socket("redis.sock")

    @property
    def address(self) -> str:
        return f"unix:{self.socket}"

    def command(self) -> list[str]:
        return self.place.as_user([
            _program("redis-server"), "--port", "0", "--unixsocket", str(self.socket),
            "--unixsocketperm", "700", "--save", "", "--appendonly", "no", "--daemonize", "no",
            "--dir", str(self.place.data / "redis"), "--maxmemory", "128mb",
            "--maxmemory-policy", "allkeys-lru"])

    def prepare(self) -> None:
        self.place.owned(self.place.data / "redis")

    def is_ready(self) -> bool:
        return exchange(str(self.socket), b"PING\r\n", 5) == b"+PONG"


class Kafka(Member):
    """One Kafka node that is broker and controller (KRaft), on loopback ports."""

    name = "kafka"
    stop_seconds = 60.0
    port_names = ("kafka", "kafka-controller")
    # Any 16 bytes in base64: a fixed id spares one start of Java.
    cluster_id = "bG90dXJhLWRldi1rYWZrYQ"
    # The port that clients are told, if something stands between them and the broker.
    advertised: int | None = None

    @property
    def brokers(self) -> str:
        return f"127.0.0.1:{self.ports['kafka']}"

    @property
    def home(self) -> Path:
        return self.place.data / "kafka"

    def java(self, main: str, *arguments: str) -> list[str]:
        """A command that runs one of the main classes in Kafka's jars."""
        libs = self.place.shared(artifacts.kafka().path) / "libs"
        return [_program("java"), "-Xms64m", "-Xmx400m", "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError", "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
                "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
                "-cp", f"{libs}/*", main, *arguments]

    def settings(self) -> str:
        # A killed broker may register again only when its session is over: 3 s instead of 9.
        port, controller = self.ports["kafka"], self.ports["kafka-controller"]
        single = "\n".join(f"{topic}.replication.factor=1\n{topic}.min.isr=1" for topic in
                           ("transaction.state.log", "share.coordinator.state.topic"))
        return f"""process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{self.advertised or port}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={self.home}/log
auto.create.topics.enable=false
num.partitions=6
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=1
share.coordinator.state.topic.num.partitions=1
{single}
log.cleaner.dedupe.buffer.size=16777216
"""

    def command(self) -> list[str]:
        return self.place.as_user(self.java("kafka.Kafka", f"{self.home}/server.properties"))

    def prepare(self) -> None:
        if not artifacts.kafka().path.is_dir():
            raise Failure("Kafka's jars are missing; run tools/dev setup first.")
        self.place.owned(self.home)
        self.place.publish(self.home / "server.properties", self.settings())
        if (self.home / "log" / "meta.properties").exists():
            return
        command = self.java("kafka.tools.StorageTool", "format", "-t", self.cluster_id,
                            "-c", f"{self.home}/server.properties")
        with self.log.open("ab") as sink:
            outcome = subprocess.run(self.place.as_user(command), cwd="/", check=False,
                                     stdout=sink, stderr=subprocess.STDOUT)
        if outcome.returncode != 0:
            raise Failure(f"formatting Kafka's storage failed. The end of {self.log}:\n"
                          f"{tail(self.log)}")

    def is_ready(self) -> bool:
        # ApiVersions, version 0: the broker answers only once it may serve requests.
        body = (18).to_bytes(2, "big") + bytes(2) + (1).to_bytes(4, "big") + b"\xff\xff"
        answer = exchange(("127.0.0.1", self.ports["kafka"]),
                          len(body).to_bytes(4, "big") + body, 10)
        return len(answer) == 10 and answer[8:10] == bytes(2)


class Prometheus(Member):
    """Prometheus, scraping the services of this stack."""

    name = "prometheus"
    port_names = ("prometheus",)

    def __init__(self, place: Place, ports: Ports):
        super().__init__(place, ports)
        self.targets: dict[str, str] = {}  # Process name to the host:port of its /metrics.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['prometheus']}"

    @property
    def home(self) -> Path:
        return self.place.data / "prometheus"

    def settings(self) -> str:
        jobs = [{"job_name": "prometheus", "static_configs": [
                    {"targets": [self.url.removeprefix("http://")]}]}]
        if self.targets:
            groups = [{"targets": [address], "labels": {"process": process}}
                      for process, address in self.targets.items()]
            # A process of several services labels each metric with its service itself.
            jobs.append({"job_name": "lotura", "honor_labels": True, "static_configs": groups})
        # JSON is YAML as well.
        return json.dumps({"global": {"scrape_interval": "5s", "scrape_timeout": "4s"},
                           "rule_files": [str(self.home / file.name) for file in ALERTS],
                           "scrape_configs": jobs}, indent=2)

    def command(self) -> list[str]:
        return self.place.as_user([
            _program("prometheus"), f"--config.file={self.home}/prometheus.yml",
            f"--storage.tsdb.path={self.home}/tsdb", "--storage.tsdb.retention.time=7d",
            f"--web.listen-address={self.url.removeprefix('http://')}"])

    def prepare(self) -> None:
        self.place.owned(self.home)
        for file in ALERTS:
            self.place.publish(self.home / file.name, file.read_text(encoding="utf-8"))
        self.place.publish(self.home / "prometheus.yml", self.settings())

    def is_ready(self) -> bool:
        return http_ok(f"{self.url}/-/ready")
