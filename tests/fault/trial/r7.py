"""R7: consumers come and go all the time."""

import signal
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
LAG_S = 10.0


@dataclass
class Rebalances:
    """Kills a replica, or stops it until the next fault; the longest stop outlasts a session."""

    kills: int = 0
    pauses: int = 0

    def __call__(self, supervisor: Supervisor) -> None:
        replicas = [supervisor.stack.member("communications"),
                    *(supervisor.stack.add_replica("communications", number)
                      for number in range(2, REPLICAS + 1))]
        for replica in replicas:
            replica.start()
            replica.wait_ready()
        chance = supervisor.trial.chance("rebalance")
        paused: Service | None = None
        goes_on = supervisor.rest(WARM_UP_S)
        try:
            while goes_on:
                victim = chance.choice(replicas)
                if paused is not None and chance.random() < 0.5:
                    paused.record().send(signal.SIGCONT)
                    paused = None
                if paused is None and chance.random() < 0.5:
                    supervisor.faults.note("pause", victim.name)
                    victim.record().send(signal.SIGSTOP)
                    paused, self.pauses = victim, self.pauses + 1
                elif victim is not paused:
                    supervisor.faults.note("crash", victim.name)
                    victim.kill()
                    victim.start()
                    self.kills += 1
                goes_on = supervisor.rest(EVERY_S)
        finally:
            if paused is not None:
                paused.record().send(signal.SIGCONT)


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    nemesis = Rebalances()
    with trial.stack() as stack:
        report = run_under(trial, stack, {CREATE: rate / 2, UPDATE: rate / 2}, nemesis)
    trial.figures |= {"kills": nemesis.kills, "pauses": nemesis.pauses}
    return [*report.safety(),
            Criterion("kills", nemesis.kills, ">", 0), Criterion("pauses", nemesis.pauses, ">", 0),
            Criterion("s from the load's end until nothing waits", trial.figures["drain_s"], "<=",
                      LAG_S)]
