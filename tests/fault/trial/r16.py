"""R16: what was acknowledged is what is read through the cache of several replicas, and how old it
may be where that cannot be."""

import subprocess
from dataclasses import dataclass, field, replace

from devkit.services import Service
from devkit.stack import Stack

from fault.trial.crashes import EXPIRE_LEASE, armed_binaries
from fault.trial.figures import Criterion
from fault.trial.gate import Gate, swallow
from fault.trial.history import CREATE, READ, UPDATE
from fault.trial.nemesis import WARM_UP_S
from fault.trial.r15 import cache_events
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = ("updates and reads through three replicas that die between commit and cache; FLUSHALL; "
         "then through two, of which one cannot tell Redis")
SECONDS = 150
RATE = 100.0
REPLICAS = 3
LOOK_S = 0.05
FLUSH_EVERY = 10  # Looks.
TURN_MAX = 60
HITS_MIN = 100
CRASHES_MIN = 3
CACHE_S = 3  # Instead of sixty, so that a short trial can find an older read.
LEASE_S = 5  # See libs/cache.


@dataclass
class DieUnfenced:
    """Each replica ends between a commit and the cache's fence, again and again."""

    replicas: list[Service]
    crashes: int = 0
    flushes: int = 0
    _looks: int = field(default=0)

    def __call__(self, supervisor: Supervisor) -> None:
        chance = supervisor.trial.chance("unfenced")
        stack = supervisor.stack
        supervisor.rest(WARM_UP_S)
        stack.variables["CRASH_POINT"] = "store.committed"
        # The first stays as it is, so that somebody always answers.
        for replica in self.replicas[1:]:
            self._arm(stack, replica, chance)
        while supervisor.rest(LOOK_S):
            for replica in self.replicas[1:]:
                if not replica.is_running():
                    supervisor.faults.note("crash store.committed", replica.name)
                    self.crashes += 1
                    self._arm(stack, replica, chance)
            self._looks += 1
            if self._looks % FLUSH_EVERY == 0:
                self._flush(stack)
        for name in ("CRASH_POINT", "CRASH_TURN"):
            stack.variables.pop(name, None)
        for replica in self.replicas[1:]:
            replica.kill()

    @staticmethod
    def _arm(stack: Stack, replica: Service, chance) -> None:
        replica.kill()
        stack.variables["CRASH_TURN"] = str(chance.randint(1, TURN_MAX))
        stack.postgres.query(EXPIRE_LEASE)
        replica.start()

    def _flush(self, stack: Stack) -> None:
        subprocess.run(["redis-cli", "-s", str(stack.redis.socket), "FLUSHALL"], check=True,
                       capture_output=True, timeout=10)
        self.flushes += 1


@dataclass
class Untold:
    """One of the replicas cannot tell Redis of its writes for a while."""

    gate: Gate
    replica: Service

    def __call__(self, supervisor: Supervisor) -> None:
        stack = supervisor.stack
        stack.variables["LOTURA_REDIS"] = self.gate.address
        self.replica.start()
        del stack.variables["LOTURA_REDIS"]
        supervisor.last(0.25)
        supervisor.phase("untold")
        self.gate.behavior = swallow
        supervisor.last(0.4)
        supervisor.phase("told again")
        self.gate.heal()


def unfenced(trial: Trial, rates: dict[str, float]) -> list[Criterion]:
    with trial.stack(armed_binaries(trial.directory)) as stack:
        replicas = replicas_of(trial, stack, REPLICAS)
        nemesis = DieUnfenced(replicas)
        report = run_under(trial, stack, rates, nemesis)
        events = cache_events(stack)
    trial.figures |= {"crashes": nemesis.crashes, "flushes": nemesis.flushes} | {
        f"cache of the first: {event}": count for event, count in events.items() if count}
    return [*report.safety(),
            Criterion("crashes between commit and fence", nemesis.crashes, ">=", CRASHES_MIN),
            Criterion("reads that the cache answered", events.get("hit", 0), ">=", HITS_MIN)]


def untold(trial: Trial, rates: dict[str, float]) -> list[Criterion]:
    with trial.stack(LOTURA_CACHE_SECONDS=str(CACHE_S)) as stack, \
         Gate(str(stack.redis.socket)) as gate:
        replicas = replicas_of(trial, stack, 2)
        report = run_under(trial, stack, rates, Untold(gate, replicas[1]))
    found = report.figures
    return [*report.durability(),
            Criterion("stale reads while Redis is not told of writes", found["stale"], ">=", 1),
            Criterion("s after the acknowledgement, the last of them", found["staleness_max_s"],
                      "<=", CACHE_S + LEASE_S)]


def replicas_of(trial: Trial, stack: Stack, count: int) -> list[Service]:
    """The service and its replicas, which callers reach in turn. The replicas do not run yet."""
    replicas = [stack.member("accounts"), *(stack.add_replica("accounts", number)
                                            for number in range(2, count + 1))]
    trial.addresses["accounts"] = ",".join(replica.grpc for replica in replicas)
    return replicas


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    rates = {READ: rate * 2, UPDATE: rate, CREATE: 5.0}
    criteria = []
    for scene in (unfenced, untold):
        part = trial.part(scene.__name__, 0.5)
        criteria += [replace(one, name=f"{scene.__name__}: {one.name}")
                     for one in scene(part, rates)]
        trial.figures |= {f"{scene.__name__}: {name}": value
                          for name, value in part.figures.items()}
    return criteria
