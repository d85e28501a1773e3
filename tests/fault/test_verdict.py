"""The checker sees each fault that it is there for, and none where there is none."""

import pytest

from fault.announced import Version
from fault.trial.check import is_typed
from fault.trial.history import OK, operations
from fault.trial.rates import Rate, availability
from fault.trial.verdict import Effect, Entry, Found, judge, staleness_s

CLEAN = {"lost": 0, "duplicates": 0, "unexpected": 0, "unannounced": 0, "effects_missing": 0,
         "effects_duplicate": 0, "effects_phantom": 0, "stale": 0,
         "invented": 0, "altered": 0}


def line(op: int, what: str, **fields) -> dict:
    return {"op": op, "what": what, "t": float(op)} | fields


def create(op: int, outcome: str = OK, name: str = "organizations/a", **fields) -> list[dict]:
    return [line(op, "invoke", kind="create", service="accounts", request=f"q{op}", version=1),
            line(op, outcome, **({"name": name, "version": 1} if outcome == OK else {}), **fields)]


def update(op: int, version: int, outcome: str = OK) -> list[dict]:
    return [line(op, "invoke", kind="update", service="accounts", request=f"q{op}",
                 name="organizations/a", version=version), line(op, outcome)]


def entry(op: int, number: int = 1, name: str = "a", event: str | None = None) -> Entry:
    return Entry(Version(f"t/organizations/{name}", number, event or f"e{op}"), f"q{op}")


def found(journal: list[Entry], **instead) -> Found:
    """Tables and topic that agree with the journal, but for what is said."""
    names = dict.fromkeys(entry.version.record for entry in journal)
    agreed = {"rows": [(name, f"of {name}", 1) for name in names],
              "deliveries": sorted((entry.version for entry in journal),
                                   key=lambda version: (version.record, version.number)),
              "effects": [Effect(entry.version.record, entry.version.number,
                                 entry.version.event_id) for entry in journal]}
    return Found(journal=journal, **(agreed | instead))


def counts(lines: list[dict], tables: Found) -> dict[str, int]:
    return {kind: count for kind, count in judge(operations(lines), tables).counts.items() if count}


def test_what_is_as_it_was_acknowledged_has_no_faults():
    verdict = judge(operations([*create(1), *update(2, 2)]), found([entry(1), entry(2, 2)]))

    assert verdict.counts == CLEAN
    assert verdict.examples == []


@pytest.mark.parametrize("journal", [[], [entry(1)]])
def test_what_nobody_knows_of_may_be_there_or_not(journal):
    assert counts(create(1, "info"), found(journal)) == {}


def test_an_operation_without_outcome_may_be_there_or_not():
    assert counts(create(1)[:1], found([entry(1)])) == {}


def test_an_acknowledged_write_that_is_gone_is_lost():
    assert counts(create(1), found([])) == {"lost": 1}


def test_an_acknowledged_write_without_its_row_is_lost():
    assert counts(create(1), found([entry(1)], rows=[])) == {"lost": 1}


def test_an_acknowledged_update_with_another_version_is_lost():
    tables = found([entry(1), entry(3, 2), entry(2, 3)])

    assert counts([*create(1), *update(2, 2), *update(3, 2, "info")], tables) == {"lost": 1}


def test_a_request_that_was_written_twice_is_a_duplicate():
    again = Entry(Version("t/organizations/b", 1, "e9"), "q1")

    assert counts(create(1), found([entry(1), again])) == {"duplicates": 1}


def test_two_rows_of_one_creation_are_a_duplicate():
    rows = [("t/organizations/a", "trial 1", 1), ("t/organizations/b", "trial 1", 1)]

    assert counts(create(1), found([entry(1)], rows=rows)) == {"duplicates": 1}


def test_what_its_caller_was_told_had_failed_is_unexpected():
    assert counts(create(1, "fail"), found([entry(1)])) == {"unexpected": 1}


def test_what_nobody_asked_for_is_unexpected():
    assert counts(create(1), found([entry(1), entry(5, name="b")])) == {"unexpected": 1}


def test_a_gap_of_versions_is_seen():
    assert "unannounced" in counts([*create(1), *update(2, 3)], found([entry(1), entry(2, 3)]))


def test_a_write_without_event_is_seen():
    assert counts(create(1), found([entry(1)], deliveries=[])) == {"unannounced": 1}


def test_events_out_of_order_are_seen():
    journal = [entry(1), entry(2, 2)]
    backwards = [entry.version for entry in reversed(journal)]

    assert counts([*create(1), *update(2, 2)], found(journal, deliveries=backwards)) == {
        "unannounced": 1}


def test_an_event_of_a_write_that_was_rolled_back_is_seen():
    phantom = Version("t/organizations/z", 1, "e7")

    assert counts(create(1), found([entry(1)], deliveries=[entry(1).version, phantom]))[
        "unannounced"] > 0


def test_an_event_without_effect_is_seen():
    assert counts(create(1), found([entry(1)], effects=[])) == {"effects_missing": 1}


def test_an_event_with_two_effects_is_seen():
    effect = Effect("t/organizations/a", 1, "e1")

    assert counts(create(1), found([entry(1)], effects=[effect, effect])) == {
        "effects_duplicate": 1}


def test_an_effect_of_no_event_is_seen():
    effects = [Effect("t/organizations/a", 1, "e1"), Effect("t/organizations/z", 1, "e7")]

    assert counts(create(1), found([entry(1)], effects=effects)) == {"effects_phantom": 1}


def test_a_stale_read_is_seen():
    read = [line(2, "invoke", kind="read", service="accounts", name="organizations/a", at_least=2),
            line(2, OK, version=1)]

    assert counts([*create(1), *read], found([entry(1)])) == {"stale": 1}


def test_the_age_of_a_stale_read_counts_from_the_first_newer_acknowledgement():
    read = [line(9, "invoke", kind="read", service="accounts", name="organizations/a", at_least=3),
            line(9, OK, version=1)]
    writes = [*create(1), *update(2, 2), *update(5, 3)]

    assert staleness_s(operations([*writes, *read])) == 7
    assert staleness_s(operations(writes)) == 0


def test_a_read_of_what_was_never_written_is_seen():
    read = [line(2, "invoke", kind="read", service="accounts", name="organizations/a", at_least=1),
            line(2, OK, version=7)]

    assert counts([*create(1), *read], found([entry(1)])) == {"invented": 1}


def test_an_operation_that_succeeds_after_three_repetitions_counts_as_available():
    def repeated(op: int, times: int) -> list[dict]:
        invoke, ok = create(op)
        return [invoke, *(line(op, "retry", code="UNAVAILABLE") for _ in range(times)), ok]

    assert availability(operations([*repeated(1, 3), *create(2, "info")])) == 0.5
    assert availability(operations(repeated(1, 4))) == 0


def steady(begin: float, end: float, late: float = 0.0) -> list[dict]:
    """A hundred operations a second."""
    lines = []
    for number in range(int(begin * 100), int(end * 100)):
        lines += [line(number, "invoke", kind="create", service="accounts") | {"t": number / 100},
                  line(number, OK) | {"t": number / 100 + late}]
    return lines


def test_recovery_is_the_time_until_the_rate_is_back():
    rate = Rate(operations([*steady(0, 5), *steady(5, 7, late=3.0), *steady(7, 20)]))

    assert rate.recovery(5.0, 20.0) == pytest.approx(2.0, abs=0.15)


def test_a_rate_that_does_not_come_back_is_seen():
    rate = Rate(operations([*steady(0, 5), *steady(5, 40, late=3.0)]))

    assert rate.recovery(5.0, 40.0) > 10


def named(op: int, text: str, **seen) -> list[dict]:
    invoke, outcome = create(op, **seen)
    return [invoke | {"text": text}, outcome]


def test_a_row_that_says_what_was_written_is_not_altered():
    rows = [("t/organizations/a", "one", 2)]
    lines = [*named(1, "one", seen=[["organizations/a", 1, "one"]]), *update(2, 2)]

    assert counts(lines, found([entry(1), entry(2, 2)], rows=rows)) == {}


@pytest.mark.parametrize("row", [("t/organizations/a", "onf", 1), ("t/organizations/a", "one", 3)])
def test_a_row_that_says_something_else_is_altered(row):
    assert counts(named(1, "one"), found([entry(1)], rows=[row])) == {"altered": 1}


@pytest.mark.parametrize("told", [["organizations/a", 1, "onf"], ["organizations/a", 2, "one"],
                                  ["organizations/b", 1, "one"]])
def test_an_answer_that_says_something_else_is_altered(told):
    rows = [("t/organizations/a", "one", 1)]

    assert counts(named(1, "one", seen=[told]), found([entry(1)], rows=rows)) == {"altered": 1}


@pytest.mark.parametrize(("error", "typed"), [
    ("ABORTED STALE_ETAG", True), ("UNAVAILABLE", True), ("DEADLINE_EXCEEDED", True),
    ("INTERNAL", False), ("UNKNOWN", False)])
def test_only_what_says_why_is_typed(error, typed):
    assert is_typed(error) is typed
