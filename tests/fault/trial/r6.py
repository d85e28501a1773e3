"""R6: brokers answer with errors, break off, come and go."""

from fault.trial.figures import Criterion
from fault.trial.gtest import counts_of
from fault.trial.supervisor import Trial

TITLE = "the relay before three brokers that answer with errors, passing and fatal, or are gone"
SECONDS = 60
SLACK_S = 300
PASSING = "ErrorsThatPassCostNoProducerAndRepeatNothing"
FATAL = "FatalErrorsCostTheProducerAndLoseNothing"
GONE = "BrokersThatComeAndGoLoseNothing"


def run(trial: Trial) -> list[Criterion]:
    counts = counts_of(trial, "lotura_events_test", "RelayBrokerErrors",
                       3 * trial.seconds + SLACK_S)
    criteria = []
    for test, who in ((PASSING, "passing errors"), (FATAL, "fatal errors"), (GONE, "brokers gone")):
        trial.figures |= {f"{who}: {name}": counts[test][name]
                          for name in ("committed", "repeated", "replaced")}
        criteria += [Criterion(f"{who}: missing", counts[test]["missing"], "==", 0),
                     Criterion(f"{who}: out of order", counts[test]["out_of_order"], "==", 0)]
    return [*criteria,
            Criterion("passing errors: producers replaced", counts[PASSING]["replaced"], "==", 0),
            Criterion("passing errors: records repeated", counts[PASSING]["repeated"], "==", 0),
            Criterion("fatal errors: producers replaced", counts[FATAL]["replaced"], ">", 0)]
