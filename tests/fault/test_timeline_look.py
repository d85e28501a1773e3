"""The hunt finds what a timeline tells too much of, and takes nothing for that which may be told."""

import pytest

from fault.leak_cases import (ALL_PEOPLE, ANNA, BEGIN, BEN, DEAL, END, MINT, OWN_DEALS,
                              Judge, deal, person, policy_of, role, sent)
from fault.leaks.ledger import Unknown
from fault.leaks.policy import Access, RecordRule, Role, Scope, Seen
from fault.leaks.replies import Reply
from fault.leaks.timeline_look import BEHIND_S, CREATED, UPDATED, judge_timeline
from kit.api import message_class

FULL_PERSON, FULL_DEAL = "//accounts.lotura/people/p1", "//sales.lotura/opportunities/o1"
OF_PERSON = {"source": FULL_PERSON, "kind": UPDATED}
OF_DEAL = {"source": FULL_DEAL, "kind": UPDATED}
SELLER = policy_of(role(ALL_PEOPLE, OWN_DEALS))


def kinds(judge: Judge, entry: dict, record: str = FULL_PERSON) -> list[str]:
    answer = message_class("lotura.communications.v1.ListTimelineResponse")(entries=[entry])
    return [leak.kind for leak in judge_timeline(
        judge.detector, sent("ListTimeline", fields={"record": record}), Reply(BEGIN, END, answer))]


def hiding(*hidden: str):
    """Shows all of people and deals but these fields of deals."""
    fields = {(DEAL, "*"): Seen.READ} | {(DEAL, name): Seen.HIDDEN for name in hidden}
    rules = (ALL_PEOPLE, RecordRule(DEAL, Scope.ALL, Access.READ))
    return policy_of(Role("roles/r", frozenset({"*"}), rules, fields))


def test_what_may_be_read_may_stand_there():
    judge = Judge(SELLER, person(), deal())

    assert kinds(judge, OF_PERSON | {"source_display_name": "Somebody"}) == []
    assert kinds(judge, OF_DEAL) == []


def test_what_may_not_be_read_stands_on_no_timeline():
    judge = Judge(SELLER, person(), deal(owner=BEN))

    assert kinds(judge, OF_DEAL) == ["timeline"]


def test_nothing_stands_on_that_of_a_record_that_may_not_be_read():
    judge = Judge(SELLER, deal(owner=BEN), person())

    assert kinds(judge, OF_PERSON, FULL_DEAL) == ["timeline"]


def test_reading_a_type_takes_its_permission():
    rules = (ALL_PEOPLE, OWN_DEALS)
    granted = frozenset({"accounts.*", "communications.*"})
    judge = Judge(policy_of(Role("roles/r", granted, rules)), person(), deal())

    assert kinds(judge, OF_DEAL) == ["timeline"]


def test_what_a_record_is_now_counts_for_what_it_was():
    secret = MINT.text()
    judge = Judge(SELLER, person())
    judge.ledger.note(deal(1, BEN, display_name=secret), 0.0, 0.0)
    judge.ledger.note(deal(2, ANNA), BEGIN - 2 * BEHIND_S, BEGIN - 2 * BEHIND_S)
    told = OF_DEAL | {"source_display_name": secret}

    assert kinds(judge, told) == []
    judge.ledger.note(deal(3, BEN), BEGIN - 2 * BEHIND_S, BEGIN - 2 * BEHIND_S)
    assert kinds(judge, told) == ["timeline"]


@pytest.mark.parametrize("hidden, entry", [
    ("display_name", {"source_display_name": "Deal"}),
    ("amount", {"changed_fields": {"paths": ["amount.units"]}}),
    ("amount", {"detail": {"type_url": "any"}}),
    ("organization", {}),
    ("stage_enter_time", {"kind": CREATED})])
def test_what_an_entry_tells_of_a_hidden_field_is_found(hidden, entry):
    judge = Judge(hiding(hidden), person(), deal(display_name="Deal"))

    assert kinds(judge, OF_DEAL | entry) == ["timeline"]
    assert kinds(Judge(hiding("close_date"), person(), deal()), OF_DEAL | {"kind": CREATED}) == []


def test_the_value_of_a_hidden_field_is_found_wherever_it_stands():
    secret = MINT.text()
    judge = Judge(policy_of(role(ALL_PEOPLE, display_name=Seen.READ)), person(family_name=secret))

    assert kinds(judge, OF_PERSON | {"actor": secret}) == ["canary"]


def test_what_nobody_has_told_of_waits():
    with pytest.raises(Unknown):
        kinds(Judge(SELLER, person()), OF_DEAL)
