"""One service of Lotura with its servers, as a benchmark needs it."""

import re
import subprocess
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from devkit.console import Failure
from devkit.process import wait_until
from devkit.stack import Stack

from bench.programs import BINARIES, Load, Span, load_meanwhile, run_load

Found = TypeVar("Found")
LEASE_S = 30
REDIS_S = 10
# What a look-up in the cache comes to.
LOOKUPS = ("hit", "miss", "miss_first", "miss_unleased")
SAMPLE = Span(warm_up_s=0.0, measured_s=0.5)
# Nothing before the relay has taken it for the first time.
TAKE_LEASE = ("UPDATE accounts.lease SET holder = gen_random_uuid(), term = term + 1, "
              "expire_time = 'infinity' WHERE name = 'kafka' RETURNING name")
RELEASE_LEASE = "UPDATE accounts.lease SET expire_time = now() WHERE name = 'kafka'"
# Lines that production would write, too, but not one for each call of a load.
LOG_OK_EVERY = "100"


@dataclass(frozen=True)
class Rig:
    """A service, `accounts` if nothing else is said, and how its callers reach it."""

    stack: Stack
    target: str
    token_file: Path
    name: str = "accounts"

    @property
    def schema(self) -> str:
        """Replicas share it: "accounts" of "accounts-2"."""
        return self.name.partition("-")[0]

    @property
    def conninfo(self) -> str:
        """In the service's own schema."""
        return self.conninfo_with("")

    def conninfo_with(self, settings: str) -> str:
        """The same with settings of the session, as `name=value name=value`."""
        options = " ".join(f"-c {setting}" for setting in
                           (f"search_path={self.schema}", *settings.split()))
        return f"{self.stack.postgres.conninfo()} options='{options}'"

    @property
    def admin_conninfo(self) -> str:
        """The same schema as the role that may do everything."""
        postgres = self.stack.postgres
        return f"{postgres.conninfo(user=postgres.admin)} options='-c search_path={self.schema}'"

    def metric(self, name: str, label: str = "") -> float:
        """The sum of a metric's series that the service itself has, or those with `a="b"`."""
        return sum(float(line.rpartition(" ")[2]) for line in self.stack.exposition(self.name).splitlines()
                   if line.partition("{")[0] == name and label in line)

    def buckets(self, name: str) -> list[tuple[float, float]]:
        """Upper limits and cumulative counts of a histogram with one series."""
        found = re.findall(rf'^{name}_bucket{{[^}}]*le="([^"]+)"[^}}]*}} (\S+)$',
                           self.stack.exposition(self.name), re.MULTILINE)
        return [(float(limit), float(count)) for limit, count in found]

    def counted(self, action: Callable[[], Found], *series: tuple[str, str]) -> tuple:
        """What the action returned, and by how much each series, a name and a label, has grown."""
        before = [self.metric(*one) for one in series]
        found = action()
        return found, *(self.metric(*one) - old for one, old in zip(series, before, strict=True))

    def batch_size_of(self, action: Callable[[], Found]) -> tuple[Found, float]:
        """What the action returned, and how many single writes shared a commit meanwhile."""
        found, units, batches = self.counted(action, ("lotura_write_units_total", ""),
                                             ("lotura_write_batches_total", ""))
        return found, units / batches

    def lookups_of(self, action: Callable[[], Found]) -> tuple[Found, dict[str, float]]:
        """What the action returned, and of the look-ups in the cache meanwhile the part of each
        outcome."""
        found, *counts = self.counted(action, *(("lotura_cache_events_total", f'event="{one}"')
                                                for one in LOOKUPS))
        whole = max(1, sum(counts))
        return found, {one: count / whole for one, count in zip(LOOKUPS, counts, strict=True)}

    def query(self, sql: str) -> str:
        return self.stack.postgres.query(sql)

    def admin_query(self, sql: str) -> str:
        """One statement that reads the tables of several services."""
        return self.stack.postgres.query(sql, user=self.stack.postgres.admin)

    def checkpoint(self) -> None:
        """So that what follows pays for no pages but its own."""
        self.admin_query("CHECKPOINT")

    def neighbor(self, name: str) -> "Rig":
        """Another service of the same installation, which does not run yet."""
        service = self.stack.member(name)
        service.take_free_ports()
        service.prepare()
        return replace(self, target=service.grpc, name=name)

    def replica(self) -> "Rig":
        """A second process of the service, which does not run yet."""
        self.stack.add_replica(self.name, 2)
        return self.neighbor(f"{self.name}-2")

    @contextmanager
    def running(self):
        """Runs the service for the time of the block."""
        service = self.stack.member(self.name)
        service.start()
        try:
            service.wait_ready()
            yield
        finally:
            service.stop()

    def load(self, workload: str, span: Span, **flags) -> Load:
        """One run of calls, none of which may fail."""
        return run_load(self.target, workload, span=span, token_file=self.token_file,
                        **flags).check()

    def load_meanwhile(self, workload: str, span: Span, **flags):
        """Calls that go on while a block runs."""
        return load_meanwhile(self.target, workload, span=span, token_file=self.token_file,
                              **flags)

    def sample(self, workload: str, **flags) -> Load:
        """A few calls, to see what they do."""
        return self.load(workload, SAMPLE, in_flight=1, run="sample", **flags)

    def forget_cached(self) -> None:
        """Empties the cache, as a restart of Redis does."""
        self.redis("FLUSHALL")

    def redis(self, *command: str) -> str:
        return subprocess.run(["redis-cli", "-s", str(self.stack.redis.socket), *command],
                              capture_output=True, text=True, check=True,
                              timeout=REDIS_S).stdout.strip()

    def release_lease(self) -> None:
        """Lets the service's own relay publish."""
        self.query(RELEASE_LEASE)

    def take_lease(self) -> None:
        """Becomes the relay that publishes nothing; the service's own waits for its end."""
        if not wait_until(lambda: self.query(TAKE_LEASE) != "", LEASE_S):
            raise Failure("the relay of accounts never held its lease.")


def with_commit_times(stack: Stack) -> None:
    """Makes PostgreSQL keep when each transaction was committed."""
    stack.postgres.query("ALTER SYSTEM SET track_commit_timestamp = on", user=stack.postgres.admin)
    stack.postgres.restart()


@contextmanager
def accounts(directory: Path, prepare: Callable[[Stack], None] = lambda _: None):
    """Starts PostgreSQL, Redis, Kafka and accounts for the time of the block; `prepare` is called
    before accounts.

    Its relay is idle, as if another replica held the lease, and it does not note who was shown what:
    what these cost are benchmarks of their own.
    """
    settings = {"LOTURA_LOG_OK_EVERY": LOG_OK_EVERY, "LOTURA_READ_AUDIT": "off"}
    with Stack(directory, binaries=BINARIES, variables=settings) as stack:
        stack.start_backends()
        prepare(stack)
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
