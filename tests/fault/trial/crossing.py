"""Crossing: batches of several replicas that name the same records in crossing orders."""

from fault.trial.figures import Criterion
from fault.trial.gtest import counts_of
from fault.trial.supervisor import Trial

TITLE = ("16 writers of four replicas, whose batches create and change the same records and take "
         "the same match keys, each in an order of its own")
SECONDS = 600
# What a million takes where nothing else runs is less; the trial ends with the last unit.
UNITS_A_SECOND = 1_000_000 / SECONDS
SLACK_S = 600
COMMITTED = 0.05


def run(trial: Trial) -> list[Criterion]:
    units = round(trial.seconds * trial.rate_or(UNITS_A_SECOND))
    (counts,) = counts_of(trial, "lotura_resource_pg_test", "Crossing", trial.seconds + SLACK_S,
                          LOTURA_TRIAL_UNITS=str(units)).values()
    trial.figures |= {name: counts[name] for name in ("committed", "deadlocks")}
    return [Criterion("units", counts["units"], ">=", units),
            Criterion("committed / units", counts["committed"] / counts["units"], ">", COMMITTED),
            Criterion("deadlocks that reached a caller", counts["deadlocks_told"], "==", 0),
            Criterion("other failures", counts["errors"] - counts["deadlocks_told"], "==", 0)]
