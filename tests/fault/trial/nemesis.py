"""Who disturbs an installation: a nemesis is called with the supervisor, and heals what it broke."""

from dataclasses import dataclass

from devkit.layout import SERVICES

from fault.trial.supervisor import Supervisor

WARM_UP_S = 3.0


def quiet(supervisor: Supervisor) -> None:
    """Nothing happens: what the figures are compared with."""
    while supervisor.rest(1.0):
        pass


@dataclass(frozen=True)
class KillServices:
    """kill -9 to a random service, again and again; it is started anew a moment later."""

    every_s: float = 5.0
    down_s: float = 1.0
    services: tuple[str, ...] = SERVICES

    def __call__(self, supervisor: Supervisor) -> None:
        chance = supervisor.trial.chance("kill")
        goes_on = supervisor.rest(WARM_UP_S)
        while goes_on:
            service = supervisor.stack.member(chance.choice(self.services))
            supervisor.faults.note("kill", service.name)
            service.kill()
            supervisor.rest(self.down_s)
            service.start()
            goes_on = supervisor.rest(self.every_s - self.down_s)
