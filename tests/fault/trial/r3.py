"""R3: 32 writers hold their transactions open while the relay reads; and relays that are wrong."""

import json
import os
import subprocess

from devkit import artifacts
from devkit.console import Failure
from devkit.layout import VAR
from devkit.places import Place

from fault.trial.figures import Criterion
from fault.trial.supervisor import BINARIES, Trial

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
    verdicts = _verdicts(trial)
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


def _verdicts(trial: Trial) -> dict[str, dict[str, int]]:
    """What libs/events/relay_trial_pg_test.cc counted, by test."""
    output = trial.directory / "verdicts.json"
    settings = {"LOTURA_TRIAL_SECONDS": str(round(trial.seconds)),
                "LOTURA_TRIAL_SEED": str(trial.seed)} | artifacts.paths(Place(VAR))
    outcome = subprocess.run(
        [BINARIES / "lotura_events_pg_test", "--gtest_filter=RelayTrial.*",
         f"--gtest_output=json:{output}"], env=os.environ | settings, capture_output=True,
        text=True, timeout=trial.seconds + SLACK_S, check=False, stdin=subprocess.DEVNULL)
    if not output.exists():
        raise Failure(f"the trial of the relay broke off: {outcome.stdout[-2000:]}")
    (suite,) = json.loads(output.read_text(encoding="utf-8"))["testsuites"]
    counts = ("committed", "missing", "phantoms", "out_of_order")
    return {test["name"]: {what: int(test[what]) for what in counts}
            for test in suite["testsuite"]}
