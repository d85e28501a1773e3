"""The same look at reports, which tell of numbers alone: for whom they may tell of how many."""

from collections.abc import Iterator

from fault.leaks import schema
from fault.leaks.detector import Detector, Leak, Sent
from fault.leaks.ledger import State
from fault.leaks.policy import Access, Policy, Scope, Seen
from fault.leaks.replies import Reply
from fault.leaks.timeline_look import BEHIND_S

DEAL = "sales.lotura/Opportunity"
# What services/analytics tells of every record, and what of each opportunity that it counts.
EVERY_STAGE = ("display_name", "position", "kind")
OF_DEALS = {"QueryFunnel": ("pipeline", "stage", "stage_enter_time", "state", "open_time",
                            "amount", "close_amount"),
            "QueryRevenue": ("pipeline", "state", "close_date", "close_amount")}
USER, TEAM, PRODUCT = "directory.lotura/User", "directory.lotura/Team", "sales.lotura/Product"
ORGANIZATION = "accounts.lotura/Organization"
PRODUCTS = 5
DIMENSIONS: dict[int, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    1: ((), ()),
    2: (("owner",), ((USER, "display_name"),)),
    3: (("owner",), ((USER, "team"), (TEAM, "display_name"))),
    4: (("owner",), ((USER, "team"), (TEAM, "region"))),
    PRODUCTS: (("lines",), ((PRODUCT, "display_name"),)),
    6: (("organization",), ((ORGANIZATION, "sector"),)),
    7: (("organization",), ((ORGANIZATION, "country_code"),))}


def judge_report(detector: Detector, sent: Sent, reply: Reply) -> list[Leak]:
    """What the caller should not have been told."""
    leaks = detector.judge(sent, reply)
    return leaks + list(_numbers(detector, sent, reply)) if reply.ok else leaks


def _numbers(detector: Detector, sent: Sent, reply: Reply) -> Iterator[Leak]:
    look = detector.look(sent, reply.begin, reply.end)
    policies = [policy for policy in detector.possible(reply.begin, reply.end)
                if _may_ask(policy, sent)]
    if not policies:
        yield look.leak("aggregate", "of records that he may not read all of")
        return
    # An opportunity of several products counts for each of them.
    if PRODUCTS in sent.request.group_by:
        return
    told = sum(row.current_count if sent.rpc.kind == "QueryFunnel" else row.won_count
               for row in reply.answer.rows)
    known = _countable(detector, sent, reply, policies)
    if told > known:
        yield look.leak("aggregate", f"of {told} opportunities, of which he may read {known}")


def _may_ask(policy: Policy, sent: Sent) -> bool:
    every = [("sales.lotura/Stage", field) for field in EVERY_STAGE] \
        if sent.rpc.kind == "QueryFunnel" else []
    for dimension in sent.request.group_by:
        every += DIMENSIONS[dimension][1]
    return policy.permits(sent.user, schema.record_types()[DEAL].permission("read")) and all(
        _reads_every(policy, sent.user, type_, field) for type_, field in every)


def _reads_every(policy: Policy, user: str, type_name: str, field: str) -> bool:
    type_ = schema.record_types()[type_name]
    return policy.permits(user, type_.permission("read")) and any(
        grant.rule.scope is Scope.ALL and not grant.rule.condition.columns
        and grant.rule.access >= Access.READ and grant.fields[field] >= Seen.READ
        for grant in policy.grants(user, type_))


def _is_asked_for(sent: Sent, state: State) -> bool:
    """A funnel is of what stands in a pipeline, revenue of what is won."""
    pipeline = sent.request.pipeline.removeprefix("//sales.lotura/")
    won = state.message.DESCRIPTOR.enum_types_by_name["State"].values_by_name["STATE_WON"].number
    return pipeline in ("", state.message.pipeline) and (
        sent.rpc.kind == "QueryFunnel" or state.message.state == won)


def _countable(detector: Detector, sent: Sent, reply: Reply, policies: list[Policy]) -> int:
    """How many may count at most, whatever the period."""
    fields = [*OF_DEALS[sent.rpc.kind],
              *(field for dimension in sent.request.group_by for field in DIMENSIONS[dimension][0])]

    def counts(state: State) -> bool:
        if not _is_asked_for(sent, state):
            return False
        sights = [policy.sight(sent.user, state) for policy in policies]
        return any(sight.access >= Access.READ and all(sight.of(field) >= Seen.READ
                                                       for field in fields) for sight in sights)

    ledger = detector.ledger
    return sum(any(counts(state) for state in
                   ledger.readable(name, reply.begin - BEHIND_S, reply.end))
               for name in list(ledger.names(schema.record_types()[DEAL])))
