"""R3: 32 writers hold their transactions open while the relay reads; and relays that are wrong."""

from fault.trial.figures import Criterion
from fault.trial.gtest import counts_of
from fault.trial.supervisor import Trial

TITLE = ("32 writers with transactions of up to 90 ms, a tenth of them rolled back; and mutants of "
         "the relay, which must be found")
SECONDS = 60
SLACK_S = 240
SOUND = {"NothingIsLostAndEveryRecordKeepsItsOrder": "a sound relay",
         "RelaysThatDieLoseNothingEitherOnKafka": "relays that die, on Kafka"}
# What gives each mutant away.
MUTANTS = {"TrialFindsARelayThatReadsBySequenceAlone": ("seq > last", ("missing",)),
           "TrialFindsARelayWithoutTheHorizon": ("no horizon", ("missing",)),
           "TrialFindsARelayThatReadsTheDaysOneAfterTheOther":
               ("day after day", ("missing", "out_of_order"))}


def run(trial: Trial) -> list[Criterion]:
    verdicts = counts_of(trial, "lotura_events_pg_test", "RelayTrial", trial.seconds + SLACK_S)
    criteria = []
    for test, who in SOUND.items():
        verdict = verdicts[test]
        trial.figures[f"{who}: committed"] = verdict["committed"]
        criteria.append(Criterion(f"{who}: committed", verdict["committed"], ">", 1000))
        criteria += [Criterion(f"{who}: {what}", verdict[what], "==", 0)
                     for what in ("missing", "phantoms", "out_of_order")]
    for test, (who, signs) in MUTANTS.items():
        verdict = verdicts[test]
        trial.figures[f"{who}: committed"] = verdict["committed"]
        criteria.append(Criterion(f"found of the mutant '{who}'",
                                  sum(verdict[sign] for sign in signs), ">", 0))
    return criteria
