"""R9: PostgreSQL, or all its sessions, are ended again and again while callers write."""

from dataclasses import dataclass

from fault.trial.figures import Criterion
from fault.trial.history import CREATE, READ, UPDATE
from fault.trial.nemesis import WARM_UP_S
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = "kill -9 of PostgreSQL's postmaster, and pg_terminate_backend of all sessions, under writes"
SECONDS = 120
RATE = 500.0
EVERY_S = 10.0
RECONNECT_S = 2.0
RECOVERY_S = 5.0


TERMINATE = ("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
             "WHERE usename = 'lotura' AND pid <> pg_backend_pid()")


@dataclass
class EndSessions:
    """Ends all sessions, or kills the postmaster and starts it at once, in turn.

    Healed is when PostgreSQL takes connections.
    """

    kills: int = 0
    terminated: int = 0

    def __call__(self, supervisor: Supervisor) -> None:
        postgres = supervisor.stack.postgres
        goes_on = supervisor.rest(WARM_UP_S)
        while goes_on:
            supervisor.faults.note("fault", f"termination {self.kills + 1}")
            self.terminated += int(postgres.query(TERMINATE))
            supervisor.faults.note("healed", f"termination {self.kills + 1}")
            supervisor.rest(EVERY_S / 2)
            self.kills += 1
            supervisor.faults.note("fault", f"kill {self.kills}")
            postgres.kill()
            postgres.start()
            postgres.wait_ready()
            supervisor.faults.note("healed", f"kill {self.kills}")
            goes_on = supervisor.rest(EVERY_S / 2)


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    nemesis = EndSessions()
    with trial.stack() as stack:
        report = run_under(trial, stack, {CREATE: rate, UPDATE: rate / 10, READ: rate / 10},
                           nemesis)
    trial.figures |= {"kills": nemesis.kills, "sessions terminated": nemesis.terminated}
    return [*report.safety(),
            Criterion("kills", nemesis.kills, ">=", trial.seconds / EVERY_S / 2),
            Criterion("returns that were seen", len(report.first_success_s), ">=",
                      2 * nemesis.kills - 2),
            Criterion("s from PostgreSQL's return to a write", max(report.first_success_s, default=0.0), "<=",
                      RECONNECT_S),
            # A connection that nobody gives back would keep the rate down for good.
            Criterion("s from then to 95 % of the rate", max(report.heal_s.values(), default=0.0), "<=",
                      RECOVERY_S)]
