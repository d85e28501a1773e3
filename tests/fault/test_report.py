"""A run over all trials: what stands on its page, and that it goes on where it was interrupted."""

from argparse import Namespace

import pytest

from devkit.console import Failure
from devkit.kept import Kept

from fault.trial import report
from fault.trial import run as runner
from fault.trial.figures import Criterion, Result

OPTIONS = Namespace(seed=7, seconds=None)


def result(name: str, lost: int) -> Result:
    return Result(name, seed=7, seconds=60, criteria=(Criterion("lost", lost, "==", 0),),
                  figures={"writes": 5})


@pytest.fixture(name="ran")
def _ran(monkeypatch) -> list[str]:
    """Trials that were run: R1 keeps its criteria, R2 does not, R3 breaks off."""
    ran = []

    def run_apart(options: Namespace) -> Result:
        ran.append(options.name)
        if options.name == "R3":
            raise Failure("the broker\ndid not start")
        return result(options.name, lost=int(options.name == "R2"))

    monkeypatch.setattr(runner, "names", lambda: ["R1", "R2", "R3"])
    monkeypatch.setattr(runner, "run_apart", run_apart)
    return ran


def test_the_page_has_each_criterion_and_why_a_trial_has_none(ran, tmp_path):
    page = tmp_path / "trials.md"

    met = runner.run_all(OPTIONS, Kept(tmp_path / "kept.json", "abc", resume=False), page)

    text = page.read_text(encoding="utf-8")
    assert not met and ran == ["R1", "R2", "R3"]
    assert "| lost | 0 | == 0 | met |" in text and "| lost | 1 | == 0 | **not met** |" in text
    assert "the broker did not start" in text and "| writes | 5 |" in text


def test_one_trial_takes_the_place_of_its_former_result(tmp_path):
    page = tmp_path / "trials.md"
    report.write(page, [result("R1", lost=1), result("R2", lost=0)], {})

    report.publish(page, result("R1", lost=0), ["R1", "R2", "R3"])

    text = page.read_text(encoding="utf-8")
    assert "not met" not in text and text.count("| lost | 0 |") == 2
    assert "it was not run" in text
    assert [one.id for one in report.read(page)] == ["R1", "R2"]


def test_an_interrupted_run_goes_on_with_the_trials_that_are_left(ran, tmp_path):
    path = tmp_path / "kept.json"
    Kept(path, "abc", resume=False).keep('R2 {"seed": 7}', result("R2", lost=0).stored())

    met = runner.run_all(OPTIONS, Kept(path, "abc", resume=True), tmp_path / "trials.md")

    assert ran == ["R1", "R3"] and not met
