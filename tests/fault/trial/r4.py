"""R4: relay and consumer end at every point at which that could matter."""

from fault.trial.crashes import POINTS, CrashAtPoints, armed_binaries
from fault.trial.figures import Criterion
from fault.trial.history import CREATE, UPDATE
from fault.trial.supervisor import Trial, run_under

TITLE = "the relay of accounts and the consumers of communications end at named points"
SECONDS = 60
RATE = 200.0
# What the relay has read and not yet saved when it dies, at most; see RelayOptions::batch.
BATCH_MAX = 1000
EACH_MIN = 1
# A thousand crashes take --seconds 2000. A consumer that dies holds its partitions until its
# session is over, and a service takes about a second to begin where others use the processors, too.
CRASHES_A_SECOND = 0.5


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    nemesis = CrashAtPoints()
    with trial.stack(armed_binaries(trial.directory)) as stack:
        report = run_under(trial, stack, {CREATE: rate, UPDATE: rate / 5}, nemesis)
    crashes = sum(nemesis.crashes.values())
    trial.figures["crashes a second"] = crashes / trial.seconds
    of_relay = sum(nemesis.crashes.get(point, 0) for point in POINTS["accounts"])
    return [*report.safety(),
            Criterion("crashes", crashes, ">=", trial.seconds * CRASHES_A_SECOND),
            Criterion("repeated events for each crash of the relay",
                      report.figures["repeated_events"] / max(1, of_relay), "<=", BATCH_MAX),
            *(Criterion(f"crashes at {point}", nemesis.crashes.get(point, 0), ">=", EACH_MIN)
              for points in POINTS.values() for point in points)]
