"""R7: consumers come and go all the time."""

import signal
import time
from dataclasses import dataclass

from devkit.services import Service

from fault.trial.figures import Criterion
from fault.trial.history import CREATE, UPDATE
from fault.trial.nemesis import WARM_UP_S
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = "of four replicas of communications one is killed, or stopped for a while, every 3 s"
SECONDS = 120
RATE = 200.0
EVERY_S = 3.0
REPLICAS = 4
# A group has gone on without a member by then; see KafkaOptions::session.
SESSION_S = 6.5
LAG_S = 10.0


@dataclass
class Rebalances:
    """Kills a replica, or stops it until the next fault or a later one."""

    kills: int = 0
    pauses: int = 0
    # Pauses after which the group had given the partitions away.
    outlasted: int = 0
    paused: Service | None = None
    paused_at: float = 0.0

    def __call__(self, supervisor: Supervisor) -> None:
        replicas = [supervisor.stack.member("communications"),
                    *(supervisor.stack.add_replica("communications", number)
                      for number in range(2, REPLICAS + 1))]
        for replica in replicas:
            replica.start()
            replica.wait_ready()
        chance = supervisor.trial.chance("rebalance")
        goes_on = supervisor.rest(WARM_UP_S)
        try:
            while goes_on:
                victim = chance.choice(replicas)
                if chance.random() < 0.5:
                    self._go_on()
                if self.paused is None and chance.random() < 0.5:
                    supervisor.faults.note("pause", victim.name)
                    self._pause(victim)
                elif victim is not self.paused:
                    supervisor.faults.note("crash", victim.name)
                    victim.kill()
                    victim.start()
                    self.kills += 1
                goes_on = supervisor.rest(EVERY_S)
        finally:
            self._go_on()

    def _pause(self, victim: Service) -> None:
        victim.record().send(signal.SIGSTOP)
        self.paused, self.paused_at = victim, time.monotonic()
        self.pauses += 1

    def _go_on(self) -> None:
        if self.paused is None:
            return
        self.outlasted += time.monotonic() - self.paused_at > SESSION_S
        self.paused.record().send(signal.SIGCONT)
        self.paused = None


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    nemesis = Rebalances()
    with trial.stack() as stack:
        report = run_under(trial, stack, {CREATE: rate / 2, UPDATE: rate / 2}, nemesis)
    trial.figures |= {"kills": nemesis.kills, "pauses": nemesis.pauses}
    return [*report.safety(),
            Criterion("kills", nemesis.kills, ">", 0), Criterion("pauses", nemesis.pauses, ">", 0),
            Criterion("pauses that outlasted a session", nemesis.outlasted, ">", 0),
            Criterion("s from the load's end until nothing waits", trial.figures["drain_s"], "<=",
                      LAG_S)]
