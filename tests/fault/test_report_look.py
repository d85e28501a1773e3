"""The hunt finds a report that counts too much, or that names what is hidden."""

import pytest

from fault.leak_cases import ANNA, BEGIN, BEN, DEAL, END, OWN_DEALS, Judge, deal, policy_of, sent
from fault.leaks.policy import Access, RecordRule, Role, Scope, Seen
from fault.leaks.replies import Reply
from fault.leaks.report_look import BEHIND_S, judge_report
from kit.api import message_class

STAGES = RecordRule("sales.lotura/Stage", Scope.ALL, Access.READ)
USERS = RecordRule("directory.lotura/User", Scope.ALL, Access.READ)
OWNER, MONTH, PRODUCT = 2, 1, 5


def policy(*rules, fields=None):
    return policy_of(Role("roles/r", frozenset({"*"}), rules, fields or {}))


def judged(judge: Judge, counts: list[int], *group_by: int) -> list[str]:
    answer = message_class("lotura.analytics.v1.QueryFunnelResponse")(
        rows=[{"current_count": count} for count in counts])
    asked = sent("QueryFunnel", fields={"group_by": group_by}, replayed=True)
    return [leak.kind for leak in judge_report(judge.detector, asked, Reply(BEGIN, END, answer))]


def test_what_may_be_read_may_be_counted():
    judge = Judge(policy(OWN_DEALS, STAGES, USERS), deal())

    assert judged(judge, [1]) == judged(judge, [0, 1], OWNER, MONTH) == []


def test_what_stands_in_another_pipeline_does_not_count():
    judge = Judge(policy(OWN_DEALS, STAGES), deal())
    other = sent("QueryFunnel", fields={"pipeline": "//sales.lotura/pipelines/q"}, replayed=True)
    answer = message_class("lotura.analytics.v1.QueryFunnelResponse")(rows=[{"current_count": 1}])

    found = judge_report(judge.detector, other, Reply(BEGIN, END, answer))

    assert [leak.kind for leak in found] == ["aggregate"]


def test_more_than_may_be_read_is_found():
    judge = Judge(policy(OWN_DEALS, STAGES), deal(owner=BEN))

    assert judged(judge, [0]) == []
    assert judged(judge, [1]) == ["aggregate"]


def test_what_was_his_a_moment_ago_may_be_counted_still():
    judge = Judge(policy(OWN_DEALS, STAGES), deal(1, ANNA))
    judge.ledger.note(deal(2, BEN), BEGIN - 1, BEGIN - 1)
    assert judged(judge, [1]) == []

    late = Judge(policy(OWN_DEALS, STAGES), deal(1, ANNA))
    late.ledger.note(deal(2, BEN), BEGIN - 2 * BEHIND_S, BEGIN - 2 * BEHIND_S)
    assert judged(late, [1]) == ["aggregate"]


def test_a_field_that_is_counted_by_must_be_seen():
    hidden = {(DEAL, "*"): Seen.READ, (DEAL, "amount"): Seen.HIDDEN}
    judge = Judge(policy(OWN_DEALS, STAGES, fields=hidden), deal())

    assert judged(judge, [1]) == ["aggregate"]


@pytest.mark.parametrize("rules", [
    (OWN_DEALS,), (OWN_DEALS, RecordRule("sales.lotura/Stage", Scope.ALL, Access.NONE)), (STAGES,)])
def test_whoever_may_not_read_what_is_told_of_every_record_gets_no_answer(rules):
    fields = {("sales.lotura/Stage", "display_name"): Seen.READ}
    judge = Judge(policy(*rules, fields=fields), deal())

    assert judged(judge, [1]) == ["aggregate"]


def test_an_opportunity_counts_for_each_of_its_products():
    products = RecordRule("sales.lotura/Product", Scope.ALL, Access.READ)
    judge = Judge(policy(OWN_DEALS, STAGES, products), deal())

    assert judged(judge, [1, 1], PRODUCT) == []
