"""The servers that Lotura stands on: PostgreSQL, Redis, Kafka and Prometheus."""

import json
import shutil
import signal
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devkit import artifacts
from devkit.certificates import Certificate
from devkit.console import Failure, tail
from devkit.layout import ROOT, memory_bytes
from devkit.member import Member, exchange, http_ok
from devkit.places import Place
from devkit.ports import Ports

POSTGRES_BINARIES = Path("/usr/lib/postgresql/15/bin")
ALERTS = sorted((ROOT / "deploy" / "prometheus" / "alerts").glob("*.yaml"))
MIB = 1024 * 1024
KEYS, AUTHORITY = "keys.pem", "authority.pem"


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
    # With one it also listens on a loopback port, where TLS alone is spoken.
    certificate: Certificate | None = None
    # Further settings of the server.
    extra: dict[str, object] = {}
    # Who comes in how by the socket, a line each, before everybody does without a password.
    access: tuple[str, ...] = ()

    @property
    def port_names(self) -> tuple[str, ...]:
        return () if self.certificate is None else ("postgres",)

    @property
    def port(self) -> int:
        """Also a part of the socket's name."""
        return 5432 if self.certificate is None else self.ports["postgres"]

    @property
    def data(self) -> Path:
        return self.place.data / "postgres"

    def conninfo(self, database: str = "lotura", user: str = "lotura") -> str:
        """Where to connect, in libpq's form."""
        return f"host={self.place.sockets} port={self.port} dbname={database} user={user}"

    def command(self) -> list[str]:
        settings = {"listen_addresses": "", "unix_socket_directories": self.place.sockets,
                    "port": self.port, "max_connections": 200, "timezone": "UTC", "log_timezone": "UTC",
                    "shared_buffers": f"{self._shared_buffers_mib()}MB", "max_wal_size": "2GB",
                    "log_line_prefix": "%m [%p] %q%u@%d ", "fsync": "on",
                    "hba_file": self.data / "access.conf"} | self._tls() | self.extra
        flags = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return self.place.as_user([_program(str(POSTGRES_BINARIES / "postgres")), "-D",
                                   str(self.data), *flags])

    def _tls(self) -> dict[str, object]:
        if self.certificate is None:
            return {}
        return {"listen_addresses": "127.0.0.1", "ssl": "on",
                "ssl_cert_file": self.data / "server.pem", "ssl_key_file": self.data / "server.key"}

    def _shared_buffers_mib(self) -> int:
        return max(64, min(256, memory_bytes() // 32 // MIB))

    def prepare(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        if self.certificate is not None:
            self.place.hand_over(self.data / "server.pem", self.certificate.certificate.read_bytes())
            self.place.hand_over(self.data / "server.key", self.certificate.key.read_bytes())
        self.place.publish(self.data / "access.conf", "\n".join(
            (*self.access, "local all all trust", "hostssl all all 127.0.0.1/32 trust", "")))

    def _initialize(self) -> None:
        self.place.owned(self.data)
        self._run("initdb", "-D", str(self.data), "--username", self.admin, "--auth=trust",
                  "--locale=C.UTF-8", "--encoding=UTF8", "--no-instructions")

    def is_ready(self) -> bool:
        probe = [POSTGRES_BINARIES / "pg_isready", "-q", "-t", "1", "-h", self.place.sockets,
                 "-p", str(self.port)]
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


@dataclass(frozen=True)
class Guard:
    """Users of a broker, who say their passwords over TLS. The administrator may do everything."""

    passwords: dict[str, str]  # By the user's name.
    certificate: Certificate
    authority: Path  # Who signed it, in PEM.
    admin: str = "admin"

    def jaas(self, user: str, known: str = "") -> str:
        return ("org.apache.kafka.common.security.plain.PlainLoginModule required "
                f'username="{user}" password="{self.passwords[user]}"{known};')

    def listener(self, home: Path) -> str:
        """Settings of the broker, at whose home `give` has put its keys."""
        known = "".join(f' user_{name}="{word}"' for name, word in self.passwords.items())
        # The controller, the same process, is asked on a listener of its own.
        return f"""listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=SASL_SSL
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config={self.jaas(self.admin, known)}
ssl.keystore.type=PEM
ssl.keystore.location={home / KEYS}
{_trust(home / AUTHORITY)}authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{self.admin};User:ANONYMOUS
"""

    def client(self, user: str) -> str:
        """Settings of Kafka's own tools."""
        return ("security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n"
                f"sasl.jaas.config={self.jaas(user)}\n{_trust(self.authority)}")

    def give(self, place: Place, home: Path) -> None:
        """Puts what the broker alone may read where it can."""
        place.hand_over(home / KEYS, self.certificate.key.read_bytes()
                        + self.certificate.certificate.read_bytes())
        place.hand_over(home / AUTHORITY, self.authority.read_bytes())

    def exchange(self, port: int, question: bytes, size: int) -> bytes:
        """The first bytes of the answer, as `member.exchange` has them, over TLS."""
        context = ssl.create_default_context(cafile=str(self.authority))
        try:
            with (socket.create_connection(("127.0.0.1", port), timeout=1) as plain,
                  context.wrap_socket(plain, server_hostname="localhost") as secure):
                secure.sendall(question)
                answer = b""
                while len(answer) < size and (chunk := secure.recv(size - len(answer))):
                    answer += chunk
                return answer
        except OSError:
            return b""


def _trust(authority: Path) -> str:
    return f"ssl.truststore.type=PEM\nssl.truststore.location={authority}\n"


class Kafka(Member):
    """One Kafka node that is broker and controller (KRaft), on loopback ports."""

    name = "kafka"
    stop_seconds = 60.0
    port_names = ("kafka", "kafka-controller")
    # Any 16 bytes in base64: a fixed id spares one start of Java.
    cluster_id = "bG90dXJhLWRldi1rYWZrYQ"
    # The port that clients are told, if something stands between them and the broker.
    advertised: int | None = None
    # With it nobody may do anything but what ACLs say.
    guard: Guard | None = None

    @property
    def brokers(self) -> str:
        return f"127.0.0.1:{self.ports['kafka']}"

    @property
    def home(self) -> Path:
        return self.place.data / "kafka"

    def java(self, main: str, *arguments: str) -> list[str]:
        """A command that runs one of the main classes in Kafka's jars."""
        libs = self.place.shared(artifacts.kafka().path) / "libs"
        # Says of each thing that somebody wants whether it is allowed.
        told = [] if self.guard is None else [
            "-Dorg.slf4j.simpleLogger.log.kafka.authorizer.logger=debug"]
        return [_program("java"), "-Xms64m", "-Xmx400m", "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError", *told, "-Dorg.slf4j.simpleLogger.showDateTime=true",
                "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
                "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config=warn",
                "-cp", f"{libs}/*", main, *arguments]

    def settings(self) -> str:
        # A killed broker may register again only when its session is over: 3 s instead of 9.
        port, controller = self.ports["kafka"], self.ports["kafka-controller"]
        protocol = "PLAINTEXT" if self.guard is None else "SASL_SSL"
        single = "\n".join(f"{topic}.replication.factor=1\n{topic}.min.isr=1" for topic in
                           ("transaction.state.log", "share.coordinator.state.topic"))
        return f"""process.roles=broker,controller
node.id=1
listeners={protocol}://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={protocol}://127.0.0.1:{self.advertised or port}
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
{self.guard.listener(self.home) if self.guard is not None else ""}"""

    def command(self) -> list[str]:
        return self.place.as_user(self.java("kafka.Kafka", f"{self.home}/server.properties"))

    def prepare(self) -> None:
        if not artifacts.kafka().path.is_dir():
            raise Failure("Kafka's jars are missing; run tools/dev setup first.")
        self.place.owned(self.home)
        self.place.publish(self.home / "server.properties", self.settings())
        if self.guard is not None:
            self.guard.give(self.place, self.home)
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
        question = len(body).to_bytes(4, "big") + body
        port = self.ports["kafka"]
        answer = (exchange(("127.0.0.1", port), question, 10) if self.guard is None
                  else self.guard.exchange(port, question, 10))
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
