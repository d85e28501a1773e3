"""R27 tells of a service that ends while it is attacked, and of one that grows."""

import os
from types import SimpleNamespace

import pytest

from devkit.layout import SERVICES
from fault import attacks
from fault.trial.r27 import Rounds, growth_of, resident_mib

CELLS = 7


class Attacked:
    """A stack of which one service ends when it is attacked, if it shall."""

    def __init__(self, monkeypatch, answer):
        self._pids = dict.fromkeys(SERVICES, os.getpid())
        self._answer = answer
        monkeypatch.setattr(attacks, "Attacker", lambda stack, seed: None)
        monkeypatch.setattr(attacks, "all_differences", lambda attacker: answer(self))

    def member(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(pid=self._pids[name])

    def end(self, name: str) -> None:
        self._pids[name] = None


def refused(stack: Attacked):
    raise ConnectionError("nobody is there")


def end_and_refuse(stack: Attacked):
    stack.end("sales")
    return refused(stack)


def end_and_answer(stack: Attacked):
    stack.end("sales")
    return CELLS, ["SalesService/Get: UNAVAILABLE"]


def test_a_round_counts_and_measures_each_service(monkeypatch):
    rounds = Rounds(Attacked(monkeypatch, lambda stack: (CELLS, [])), 1)

    rounds.run()
    rounds.run()

    assert (rounds.tried, rounds.ended()) == (2 * CELLS, [])
    assert [set(sizes) for sizes in rounds.sizes] == [set(SERVICES)] * 2


@pytest.mark.parametrize("answer", [end_and_refuse, end_and_answer])
def test_a_service_that_ends_is_told_of_and_its_round_does_not_count(monkeypatch, answer):
    rounds = Rounds(Attacked(monkeypatch, answer), 1)

    rounds.run()

    assert (rounds.ended(), rounds.sizes) == (["sales"], [])


def test_what_else_fails_ends_the_trial(monkeypatch):
    rounds = Rounds(Attacked(monkeypatch, refused), 1)

    with pytest.raises(ConnectionError):
        rounds.run()


def test_growth_is_of_those_that_are_still_there():
    first = {"sales": 10.0, "accounts": 20.0, "analytics": 5.0}

    assert growth_of(first, {"sales": 14.0, "accounts": None, "analytics": 4.0}) == 4.0
    assert growth_of(first, dict.fromkeys(first)) == 0.0


def test_a_process_has_a_size_as_long_as_it_is_there():
    assert resident_mib(os.getpid()) > 1
    # More than a process may have as its number.
    assert resident_mib(1 << 23) is None
