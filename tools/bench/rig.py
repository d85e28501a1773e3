"""One service of Lotura with its servers, as a benchmark needs it."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devkit.console import Failure
from devkit.process import wait_until
from devkit.stack import Stack

from bench.programs import BINARIES

LEASE_S = 30
# Nothing before the relay has taken it for the first time.
TAKE_LEASE = ("UPDATE lease SET holder = gen_random_uuid(), term = term + 1, "
              "expire_time = 'infinity' WHERE name = 'kafka' RETURNING name")
# Lines that production would write, too, but not one for each call of a load.
LOG_OK_EVERY = "100"


@dataclass(frozen=True)
class Rig:
    """The service `accounts`, and how its callers reach it."""

    stack: Stack
    target: str
    token_file: Path

    @property
    def conninfo(self) -> str:
        return self.stack.postgres.conninfo()

    def query(self, sql: str) -> str:
        return self.stack.postgres.query(f"SET search_path = accounts; {sql}")

    def take_lease(self) -> None:
        """Becomes the relay that publishes nothing; the service's own waits for its end."""
        if not wait_until(lambda: self.query(TAKE_LEASE) != "", LEASE_S):
            raise Failure("the relay of accounts never held its lease.")


@contextmanager
def accounts(directory: Path):
    """Starts PostgreSQL, Redis, Kafka and accounts for the time of the block.

    Its relay is idle, as if another replica held the lease: what publishing costs is a benchmark of
    its own.
    """
    settings = {"LOTURA_LOG_OK_EVERY": LOG_OK_EVERY}
    with Stack(directory, binaries=BINARIES, variables=settings) as stack:
        stack.start_backends()
        stack.migrate()
        service = stack.member("accounts")
        service.take_free_ports()
        service.prepare()
        service.start()
        service.wait_ready()
        token_file = directory / "token"
        token_file.write_text(stack.issuer.mint(), encoding="ascii")
        rig = Rig(stack, stack.grpc("accounts"), token_file)
        rig.take_lease()
        yield rig
