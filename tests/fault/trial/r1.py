"""R1: callers create records while services are killed."""

from devkit.layout import SERVICES

from fault.trial.figures import Criterion
from fault.trial.history import CREATE, PROBE, READ, UPDATE
from fault.trial.nemesis import KillServices
from fault.trial.supervisor import Trial, run_under

TITLE = "creates, updates and reads while a random service is killed every 5 s"
SECONDS = 60
RATE = 500.0
AVAILABILITY = 0.99
RECOVERY_S = 5.0


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    rates = {CREATE: rate, UPDATE: rate / 10, READ: rate / 10, PROBE: 80.0}
    with trial.stack() as stack:
        report = run_under(trial, stack, rates, KillServices())
    return [*report.safety(),
            Criterion("available after at most 3 repetitions", report.figures["availability"], ">=",
                      AVAILABILITY),
            Criterion("services whose recovery was seen", len(report.recovery_s), "==",
                      len(SERVICES)),
            *(Criterion(f"{service}: s until 95 % of its rate", seconds, "<=", RECOVERY_S)
              for service, seconds in sorted(report.recovery_s.items()))]
