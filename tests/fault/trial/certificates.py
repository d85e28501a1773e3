"""CERTIFICATES: the services' certificate is replaced again and again, under load."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc

from devkit.certificates import Authority
from devkit.layout import SERVICES
from devkit.process import wait_until
from devkit.stack import Stack
from kit.api import Client

from fault.trial.callers import Callers
from fault.trial.figures import Criterion
from fault.trial.history import CREATE, LIST, PROBE, READ, UPDATE
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = ("the certificate of all services is replaced every few seconds, first the certificate and then the key, while "
         "connections last and new ones are made")
SECONDS = 60
RATE = 60.0
LOOK_S = 1  # How often services look at their files.
TAKEN_S = 5.0
REST_S = 1.0
WARM_UP_S = 4.0
CONNECT_S = 5.0
PAUSE_S = 0.05


def serial_of(address: str, authorities: str) -> int:
    """Of the certificate that a new connection is shown, and that it trusts."""
    from cryptography import x509

    host, port = address.rsplit(":", 1)
    context = ssl.create_default_context(cafile=authorities)
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host, int(port)), timeout=CONNECT_S) as plain, \
         context.wrap_socket(plain, server_hostname=host) as encrypted:
        return x509.load_der_x509_certificate(encrypted.getpeercert(binary_form=True)).serial_number


def newcomers(stack: Stack, authorities: str) -> Callers:
    """Make a connection for each of their calls."""
    known = grpc.ssl_channel_credentials(Path(authorities).read_bytes())
    token = stack.issuer.mint()

    def call() -> None:
        with Client(stack.grpc("accounts"), token, credentials=known) as client:
            client.call("lotura.accounts.v1.OrganizationService/ListOrganizations", page_size=1)

    return Callers(call, pause_s=PAUSE_S)


@dataclass
class Replacing:
    """New pairs until the time is over, each once all services show the one before."""

    issue: Callable[[], None]
    authorities: str
    replaced: int = 0
    taken: int = 0
    newcomers: Callers | None = None

    def __call__(self, supervisor: Supervisor) -> None:
        stack = supervisor.stack
        with newcomers(stack, self.authorities) as self.newcomers:
            goes_on = supervisor.rest(WARM_UP_S)
            left = supervisor.trial.seconds - WARM_UP_S
            while goes_on and left >= TAKEN_S + REST_S:
                self._replace(stack)
                left -= LOOK_S + REST_S
                goes_on = supervisor.rest(REST_S)

    def _replace(self, stack: Stack) -> None:
        def shown() -> dict[str, int]:
            return {service: serial_of(stack.grpc(service), self.authorities)
                    for service in SERVICES}

        before = shown()
        self.issue()
        self.replaced += 1
        self.taken += wait_until(lambda: all(
            serial != before[service] for service, serial in shown().items()), TAKEN_S)


def run(trial: Trial) -> list[Criterion]:
    with trial.stack() as stack:
        authority = Authority(stack.place.secrets)
        issued = authority.issue("services")
        stack.variables |= {"LOTURA_GRPC_CERTIFICATE_FILE": str(issued.certificate),
                            "LOTURA_GRPC_KEY_FILE": str(issued.key),
                            "LOTURA_GRPC_CERTIFICATE_SECONDS": str(LOOK_S)}
        trial.load["authorities"] = str(authority.file)
        nemesis = Replacing(lambda: authority.issue("services"), str(authority.file))
        rate = trial.rate_or(RATE)
        report = run_under(trial, stack, {CREATE: rate / 2, UPDATE: rate / 2, READ: rate,
                                          LIST: rate / 2, PROBE: 8.0}, nemesis)
    fresh = nemesis.newcomers
    trial.figures |= {"certificates": nemesis.replaced, "new connections": fresh.answered}
    return [*report.safety(),
            Criterion("certificates that all services showed within 5 s", nemesis.taken, "==",
                      nemesis.replaced),
            Criterion("certificates", nemesis.replaced, ">", 3),
            Criterion("calls that failed", sum(report.errors.values()), "==", 0),
            Criterion("calls by new connections", fresh.answered, ">", 5 * trial.seconds),
            Criterion("new connections and calls by them that failed", fresh.failed.total(),
                      "==", 0)]
