"""The hunt finds a leak on each path, and takes nothing for one that the documents allow."""

import base64
import random
from dataclasses import replace

import pytest

from fault.leak_cases import (ALL_PEOPLE, ANNA, BEGIN, BEN, DEAL, HIDING, MINT, NUMBER, OWN_DEALS,
                              PERSON, SECRET, Judge, answered, deal, person, policy_of, refused,
                              role, told)
from fault.leaks import canary, schema
from fault.leaks.conditions import random_condition
from fault.leaks.coverage import APART_SERVICE, WHOLE, cells
from fault.leaks.detector import Leak
from fault.leaks.ledger import GRACE_S, Unknown
from fault.leaks.policy import Access, RecordRule, Role, Scope, Seen
from kit.api import message_class


# Canaries.


def test_a_canary_is_found_in_bytes_of_any_kind():
    phone = MINT.phone()
    message = person(phones=[{"number": phone}]).SerializeToString()
    amount = message_class("google.type.Money")(units=NUMBER).SerializeToString()

    assert canary.keys_in(message) == {SECRET, phone}
    assert canary.keys_in(amount) == {f"#{NUMBER}"}
    assert canary.keys_in(f"worth {NUMBER}.00".encode()) == {f"#{NUMBER}"}


def test_a_canary_is_found_in_what_should_be_sealed():
    token = base64.urlsafe_b64encode(b"\0\0" + SECRET.encode() * 2 + b"\1")

    assert canary.keys_sealed_in(b"token " + token) == {SECRET}


def test_canaries_differ_and_tell_their_world():
    mints = [canary.Mint(number) for number in (1, 2)]
    made = [key for mint in mints for _ in range(50)
            for key in (mint.text(), f"#{mint.number()}", mint.phone())]

    assert len(set(made)) == len(made)
    assert [canary.world_of(key) for key in made] == [1] * 150 + [2] * 150


def test_a_text_that_only_looks_like_a_canary_is_none():
    assert canary.keys_in(b"zq0000000aaaa 274878753999") == set()


# Answers.


def test_what_the_documents_allow_is_no_leak():
    judge = Judge(HIDING, person())

    assert judge.kinds(answered(told())) == []
    assert judge.detector.tally.records == 1
    assert judge.detector.tally.hidden[f"{PERSON} family_name"] == 1


@pytest.mark.parametrize("changes", [{"family_name": SECRET}, {"email": f"{SECRET}@example.com"}])
def test_a_field_that_is_hidden_or_masked_is_found(changes):
    kinds = Judge(HIDING, person()).kinds(answered(told(**changes)))

    assert "canary" in kinds
    assert {"field", "mask"} & set(kinds)


def test_a_hidden_field_without_a_canary_is_found():
    whole = person(language_code="de-AT")

    assert Judge(HIDING, whole).kinds(answered(told(language_code="de-AT"))) == ["field"]


def test_a_record_that_may_not_be_read_is_found_by_its_name_alone():
    judge = Judge(policy_of(role(OWN_DEALS)), deal(owner=BEN))
    bare = schema.record_types()[DEAL].new(name="opportunities/o1", etag='"v1"')

    assert judge.kinds(answered(bare), "GetOpportunity") == ["record"]
    assert judge.kinds(answered(bare), "UpdateOpportunity") == []


def test_a_record_that_is_his_no_more_is_found_once_nobody_may_have_read_it():
    judge = Judge(policy_of(role(OWN_DEALS)), deal(), deal(2, BEN))
    judge.ledger.at("opportunities/o1", 1).until = BEGIN - 1

    assert "stale" in judge.kinds(answered(deal()), "GetOpportunity")
    assert judge.kinds(answered(deal()), "UpdateOpportunity", replayed=True) == []


def test_a_role_that_was_taken_away_counts_until_services_have_heard_of_it():
    judge = Judge(HIDING, person())
    with judge.policies.change(replace(HIDING, assignments={})):
        pass
    (entry, later) = judge.policies._entries
    later.since = 0.0
    entry.until = BEGIN - GRACE_S + 1
    soon = judge.kinds(answered(told()))
    entry.until = BEGIN - GRACE_S - 1

    assert soon == []
    assert "record" in judge.kinds(answered(told()))


def test_what_a_filter_speaks_of_must_be_seen_of_each_record_that_comes():
    judge = Judge(HIDING, person())

    assert judge.kinds(answered(told()), "ListPeople", asked=frozenset({"family_name"})) == [
        "inferred"]
    assert judge.kinds(answered(told()), "ListPeople", asked=frozenset({"display_name"})) == []


def test_a_page_token_that_is_not_sealed_is_found():
    token = base64.urlsafe_b64encode(SECRET.encode() * 2).decode()
    page = message_class("lotura.accounts.v1.ListPeopleResponse")(next_page_token=token)

    assert Judge(HIDING, person()).kinds(answered(page), "ListPeople") == ["canary"]


def test_another_tenants_canary_is_found():
    other = canary.Mint(2).text()

    assert Judge(HIDING, person()).kinds(refused(f"{other} is taken")) == ["another tenant"]


def test_what_the_caller_said_himself_is_no_leak():
    judge = Judge(HIDING, person())
    fields = {"person": {"family_name": SECRET}}

    assert judge.kinds(refused(f"'{SECRET}' is taken"), "CreatePerson", fields=fields) == []


def test_what_nobody_has_told_the_ledger_of_is_judged_later():
    judge = Judge(HIDING, person())

    with pytest.raises(Unknown):
        judge.kinds(answered(told(version=2)))
    judge.ledger.note(person(2), 0.0, 0.0)
    assert judge.kinds(answered(told(version=2))) == []


def test_what_is_tried_out_may_tell_what_was_sent_and_nothing_that_is_hidden():
    judge = Judge(HIDING, person(language_code="de-AT"))

    assert judge.kinds(answered(told(version=2, language_code="en")), "UpdatePerson",
                       tried_out=True) == []
    assert judge.kinds(answered(told(version=2, language_code="de-AT")), "UpdatePerson",
                       tried_out=True) == ["field"]


# Errors.


def test_a_value_without_a_canary_is_found_in_the_words_of_an_error():
    hiding = policy_of(Role("roles/r", frozenset({"*"}), (OWN_DEALS,),
                            {(DEAL, "owner"): Seen.READ}))
    judge = Judge(hiding, deal())
    fields = {"name": "opportunities/o1", "stage": "pipelines/q/stages/t"}

    assert judge.kinds(refused("pipelines/q/stages/t is no stage of pipelines/p"),
                       "MoveOpportunity", fields=fields) == ["error"]
    assert judge.kinds(refused("is no stage of the opportunity's"), "MoveOpportunity",
                       fields=fields) == []


def test_who_has_a_match_key_is_told_to_who_may_read_the_key():
    taken = refused("another record has the same email", holder="people/p1", field="person.email")

    assert Judge(HIDING, person()).kinds(taken, "CreatePerson") == ["holder"]
    assert Judge(policy_of(role(ALL_PEOPLE)), person()).kinds(taken, "CreatePerson") == []


def test_a_stale_write_is_told_of_differences_in_what_may_be_read():
    stale = refused("the record was changed", name="people/p1", fields="display_name,family_name")

    assert Judge(HIDING, person()).kinds(stale, "UpdatePerson") == ["difference"]
    assert Judge(policy_of(role(ALL_PEOPLE)), person()).kinds(stale, "UpdatePerson") == []


def test_a_row_of_an_import_that_was_refused_is_looked_at():
    result = message_class("lotura.type.v1.ImportResult")()
    row = result.rows.add()
    row.error.message = f"{SECRET} is taken"

    assert Judge(HIDING, person()).kinds(answered(result), "ImportPeople") == ["canary"]


# Events.


def event(before, after, **further):
    def state(record) -> dict:
        return {"plain": record.SerializeToString()}

    change = {"resource_type": "lotura.sales.v1.Opportunity",
              "version": int(after.etag.strip('"v')), "after": state(after),
              "changed_fields": {"paths": ["owner"]}}
    if before is not None:
        change["before"] = state(before)
    return message_class("lotura.events.v1.SubscribeResponse")(
        event={"subject": "opportunities/o1", "change": change, **further})


def gone(version: int):
    return message_class("lotura.events.v1.SubscribeResponse")(event={
        "subject": "opportunities/o1", "removed_from_view": True,
        "change": {"resource_type": "lotura.sales.v1.Opportunity", "version": version}})


OWNERS = policy_of(role(OWN_DEALS))


def test_events_of_what_is_seen_before_and_after_are_no_leak():
    judge = Judge(OWNERS, deal(), deal(2))

    assert judge.kinds_of_event(event(deal(), deal(2))) == []


def test_an_event_of_what_was_never_seen_is_found():
    judge = Judge(OWNERS, deal(owner=BEN), deal(2, BEN))

    assert set(judge.kinds_of_event(event(deal(owner=BEN), deal(2, BEN)))) == {
        "event", "field", "changed field"}
    assert judge.kinds_of_event(gone(2)) == ["event"]


def test_what_went_out_of_view_is_told_by_its_name_alone():
    judge = Judge(OWNERS, deal(), deal(2, BEN))

    assert judge.kinds_of_event(gone(2)) == []
    assert "event" in judge.kinds_of_event(event(deal(), deal(2, BEN)))


def test_what_came_into_view_is_told_without_what_it_was():
    judge = Judge(OWNERS, deal(owner=BEN), deal(2))

    assert judge.kinds_of_event(event(None, deal(2))) == []
    assert "event" in judge.kinds_of_event(event(schema.record_types()[DEAL].new(), deal(2)))


def test_a_hidden_field_that_changed_is_not_named():
    all_deals = RecordRule(DEAL, Scope.ALL, Access.READ)
    hiding = policy_of(Role("roles/r", frozenset({"*"}), (all_deals,),
                            {(DEAL, "display_name"): Seen.READ}))
    judge = Judge(hiding, deal(), deal(2))
    bare = schema.record_types()[DEAL].new(name="opportunities/o1")

    assert judge.kinds_of_event(event(bare, deal(2).__class__(etag='"v2"'))) == ["changed field"]


# The hunt.


def test_every_rpc_is_watched():
    known, unknown = cells()

    assert unknown == []
    assert {rpc for rpc, _ in known} == {rpc.name for rpc in schema.rpcs().values()
                                         if rpc.kind not in WHOLE
                                         and not rpc.name.startswith(APART_SERVICE)}


def test_random_conditions_speak_of_the_fields_that_they_name():
    chance = random.Random(7)
    for type_ in schema.record_types().values():
        for _ in range(50):
            condition = random_condition(chance, type_, type_.columns.values())
            condition.holds(type_.new())
            assert all(name in condition.text for name in condition.columns)


def test_a_leak_says_who_was_told_what():
    leak = Leak("field", "Service/Get", "cache", ANNA, "email of people/p1")

    assert str(leak) == "field: Service/Get (cache) told users/anna email of people/p1"
