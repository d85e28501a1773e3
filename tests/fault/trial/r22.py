"""R22: secrets are replaced under load."""

import os
import secrets
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc

from devkit.backends import Guard
from devkit.certificates import Authority
from devkit.issuer import write_private
from devkit.layout import SERVICES
from devkit.process import wait_until
from devkit.stack import Arrangement, Stack
from kit.api import Client, Refused

from fault.trial.certificates import serial_of
from fault.trial.figures import Criterion
from fault.trial.history import CREATE, LIST, PROBE, READ, UPDATE
from fault.trial.nemesis import WARM_UP_S
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = ("the passwords of PostgreSQL, Kafka and Redis, the certificate of the services and the key of tokens are replaced in "
         "turn, each in its file first, under load; connections are ended so that new ones are made")
SECONDS = 120
RATE = 60.0
REST_S = 2.0
# How long the file and the server know different passwords, as they do while kubelets work.
APART_S = 1.5
LOOK_S = 1  # How often services look at certificates.
TAKEN_S = 10.0
# A token that was verified is believed for so long, and its key's file looked at so often.
BELIEVED_S = 62.0
ROLE, KAFKA_USER = "platform", "admin"
GET = "lotura.accounts.v1.OrganizationService/GetOrganization"
END_IDLE = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{ROLE}' AND state = 'idle'"


def word() -> str:
    return secrets.token_urlsafe(16)


def publish(path: Path, text: str) -> None:
    """As a mounted Secret is replaced: whole or not at all."""
    write_private(path, text.encode())


@dataclass
class Rotation:
    """Replaces one secret after the other, and counts how often each was."""

    directory: Path
    guard: Guard
    issue: Callable[[], None]
    authorities: str
    rounds: int = 0
    taken: int = 0
    sessions: int = 0
    refused: dict[str, bool] = field(default_factory=dict)

    def file(self, name: str) -> Path:
        return self.directory / f"{name}.password"

    def __call__(self, supervisor: Supervisor) -> None:
        stack = supervisor.stack
        goes_on = supervisor.rest(WARM_UP_S)
        while goes_on:
            for replaced in (self._postgres, self._redis, self._certificate, self._token_key,
                             self._kafka):
                replaced(supervisor)
                goes_on = supervisor.rest(REST_S)
            self.rounds += 1
        self._end_of_redis(stack)

    def _postgres(self, supervisor: Supervisor) -> None:
        stack, password = supervisor.stack, word()
        publish(self.file("postgres"), password)
        self._end_sessions(stack)
        supervisor.rest(APART_S)
        stack.postgres.query(f"ALTER ROLE {ROLE} PASSWORD '{password}'", user=stack.postgres.admin)
        self._end_sessions(stack)

    def _end_sessions(self, stack: Stack) -> None:
        self.sessions += int(stack.postgres.query(END_IDLE, user=stack.postgres.admin))

    def _redis(self, supervisor: Supervisor) -> None:
        password = word()
        before = self.file("redis").read_text("utf-8")
        publish(self.file("redis"), password)
        self._tell_redis(supervisor.stack, before, "CONFIG", "SET", "requirepass", password)
        self._tell_redis(supervisor.stack, password, "CLIENT", "KILL", "TYPE", "normal")

    def _end_of_redis(self, stack: Stack) -> None:
        before = self.file("redis").read_text("utf-8")
        publish(self.file("redis"), "")
        self._tell_redis(stack, before, "CONFIG", "SET", "requirepass", "")

    @staticmethod
    def _tell_redis(stack: Stack, password: str, *command: str) -> None:
        known = {"REDISCLI_AUTH": password} if password else {}
        subprocess.run(["redis-cli", "-s", str(stack.redis.socket), *command], check=True,
                       env=os.environ | known, stdout=subprocess.DEVNULL, timeout=30)

    def _certificate(self, supervisor: Supervisor) -> None:
        def shown() -> dict[str, int]:
            return {service: serial_of(supervisor.stack.grpc(service), self.authorities)
                    for service in SERVICES}

        before = shown()
        self.issue()
        self.taken += wait_until(lambda: all(
            serial != before[service] for service, serial in shown().items()), TAKEN_S)

    def _token_key(self, supervisor: Supervisor) -> None:
        supervisor.stack.issuer.rotate()

    def _kafka(self, supervisor: Supervisor) -> None:
        """The broker takes passwords when it starts alone."""
        kafka, password = supervisor.stack.kafka, word()
        publish(self.file("kafka"), password)
        self.guard = replace(self.guard, passwords={KAFKA_USER: password})
        kafka.guard = self.guard
        kafka.stop()
        kafka.prepare()
        kafka.start()
        kafka.wait_ready()
        tell_kcat(self.directory, self.guard)


def tell_kcat(directory: Path, guard: Guard) -> None:
    """What reads the topics afterwards goes by this file."""
    config = directory / "kcat.conf"
    publish(config, "security.protocol=SASL_SSL\nsasl.mechanisms=PLAIN\n"
            f"sasl.username={KAFKA_USER}\nsasl.password={guard.passwords[KAFKA_USER]}\n"
            f"ssl.ca.location={guard.authority}\n")
    os.environ["KCAT_CONFIG"] = str(config)


def settings(rotation: Rotation, stack: Stack, certificate) -> dict[str, str]:
    return {"LOTURA_POSTGRES": stack.postgres.conninfo(user=ROLE),
            "LOTURA_POSTGRES_PASSWORD_FILE": str(rotation.file("postgres")),
            "LOTURA_REDIS_PASSWORD_FILE": str(rotation.file("redis")),
            "LOTURA_KAFKA_PROTOCOL": "sasl_ssl", "LOTURA_KAFKA_SASL_MECHANISM": "PLAIN",
            "LOTURA_KAFKA_USERNAME": KAFKA_USER,
            "LOTURA_KAFKA_PASSWORD_FILE": str(rotation.file("kafka")),
            "LOTURA_KAFKA_CA_FILE": str(rotation.guard.authority),
            "LOTURA_GRPC_CERTIFICATE_FILE": str(certificate.certificate),
            "LOTURA_GRPC_KEY_FILE": str(certificate.key),
            "LOTURA_GRPC_CERTIFICATE_SECONDS": str(LOOK_S)}


def refusal(stack: Stack, token: str, authorities: str) -> str:
    """The reason for which a token is refused; empty if it is not."""
    known = grpc.ssl_channel_credentials(Path(authorities).read_bytes())
    with Client(stack.grpc("accounts"), token, credentials=known) as client:
        try:
            client.call(GET, name="organizations/none")
        except grpc.RpcError as error:
            reason = Refused(error).reason
            return "" if reason == "NOT_FOUND" else reason
    return ""


def prepare(stack: Stack, rotation: Rotation) -> None:
    """Starts the servers; the database belongs to a role that has to say its password."""
    password = word()
    for name, first in (("postgres", password), ("redis", ""),
                        ("kafka", rotation.guard.passwords[KAFKA_USER])):
        publish(rotation.file(name), first)
    stack.postgres.access = (f"local all {ROLE} scram-sha-256",)
    stack.kafka.guard = rotation.guard
    tell_kcat(rotation.directory, rotation.guard)
    stack.start_backends(Arrangement.SEPARATE)
    for statement in (f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'",
                      f"ALTER DATABASE lotura OWNER TO {ROLE}", f"GRANT {ROLE} TO lotura"):
        stack.postgres.query(statement, user=stack.postgres.admin)


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    with trial.stack() as stack:
        authority = Authority(stack.place.secrets)
        certificate = authority.issue("services")
        guard = Guard({KAFKA_USER: word()}, authority.issue("kafka"), authority.file, KAFKA_USER)
        rotation = Rotation(trial.directory, guard, lambda: authority.issue("services"),
                            str(authority.file))
        prepare(stack, rotation)
        stack.variables |= settings(rotation, stack, certificate)
        trial.load["authorities"] = str(authority.file)
        first = stack.issuer.mint()
        report = run_under(trial, stack, {CREATE: rate / 2, UPDATE: rate / 2, READ: rate,
                                          LIST: rate / 2, PROBE: 8.0}, rotation)
        old_is_taken = refusal(stack, first, rotation.authorities)
        stack.issuer.retire()
        old_is_refused = wait_until(lambda: refusal(stack, first, rotation.authorities) ==
                                    "TOKEN_SIGNATURE", BELIEVED_S)
        new_is_taken = refusal(stack, stack.issuer.mint(), rotation.authorities)
    trial.figures |= {"rounds": rotation.rounds, "sessions of PostgreSQL ended": rotation.sessions}
    return [*report.safety(),
            Criterion("rounds, of five secrets each", rotation.rounds, ">=", trial.seconds / 40),
            Criterion("calls that failed", sum(report.errors.values()), "==", 0),
            Criterion("certificates that all services showed", rotation.taken, "==", rotation.rounds),
            Criterion("tokens refused while their key was published", len(old_is_taken), "==", 0),
            Criterion("a token was refused when its key was published no more", int(old_is_refused),
                      "==", 1),
            Criterion("tokens of the present key refused", len(new_is_taken), "==", 0)]
