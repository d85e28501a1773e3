"""The hunt finds a leak on each path, and takes nothing for one that the documents allow."""

import base64
import random
from dataclasses import replace

import pytest

from fault.leak_cases import (ALL_PEOPLE, ANNA, BEGIN, BEN, DEAL, HIDING, MIA, MINT, NUMBER,
                              OWN_DEALS, PERSON, SECRET, Judge, answered, deal, person, policy_of,
                              refused, role, told)
from fault.leaks import canary, schema
from fault.leaks.conditions import Condition, random_condition
from fault.leaks.coverage import APART_SERVICE, WHOLE, cells
from fault.leaks.detector import Leak
from fault.leaks.ledger import GRACE_S, Ledger, Unknown
from fault.leaks.policy import ANY, Access, Assignment, RecordRule, Role, Scope, Seen, User
from fault.leaks.roles import Roles
from fault.leaks.values import OWNER, Values
from fault.leaks.values import TEAM as TEAM_OF_USERS
from kit.api import POOL, message_class


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


# The model.


@pytest.mark.parametrize(("scope", "user", "owner", "sees"), [
    (Scope.OWN, ANNA, ANNA, True), (Scope.OWN, ANNA, BEN, False),
    (Scope.TEAM, ANNA, BEN, False), (Scope.TEAM, MIA, ANNA, True), (Scope.TEAM, MIA, BEN, False),
    (Scope.TEAM_AND_BELOW, ANNA, BEN, True), (Scope.TEAM_AND_BELOW, BEN, ANNA, False),
    (Scope.UNOWNED, ANNA, ANNA, False), (Scope.ALL, ANNA, BEN, True)])
def test_a_scope_is_about_whose_the_record_is(scope, user, owner, sees):
    policy = policy_of(role(RecordRule(DEAL, scope, Access.READ)), user)
    state = Ledger().note(deal(owner=owner), 0.0, 0.0)

    assert (policy.sight(user, state).access >= Access.READ) == sees


TEAM, BELOW = "teams/t", "teams/below"


def shared(readers: tuple[str, ...] = (), editors: tuple[str, ...] = (), owner: str = "users/zoe"):
    names = {"readers": readers, "editors": editors}
    return deal(owner=owner, **{column: [f"//directory.lotura/{one}" for one in listed]
                                for column, listed in names.items()})


def access_of(rule: RecordRule, user: str, record) -> Access:
    return policy_of(role(rule), user).sight(user, Ledger().note(record, 0.0, 0.0)).access


@pytest.mark.parametrize(("user", "member", "sees"), [
    (ANNA, ANNA, True), (ANNA, BEN, False), (ANNA, TEAM, True), (BEN, TEAM, True),
    (MIA, TEAM, True), (BEN, BELOW, True), (ANNA, BELOW, False), (MIA, BELOW, False)])
def test_a_record_is_shared_with_a_user_his_teams_and_those_above(user, member, sees):
    rule = RecordRule(DEAL, Scope.SHARED, Access.READ)

    for record in (shared(readers=(member,)), shared(editors=(member,))):
        assert (access_of(rule, user, record) >= Access.READ) == sees


@pytest.mark.parametrize(("with_whom", "given", "access"), [
    ({"readers": (ANNA,)}, Access.DELETE, Access.READ),
    ({"readers": (ANNA,)}, Access.READ, Access.READ),
    ({"editors": (ANNA,)}, Access.DELETE, Access.UPDATE),
    ({"editors": (ANNA,)}, Access.UPDATE, Access.UPDATE),
    ({"editors": (ANNA,)}, Access.READ, Access.READ),
    ({"readers": (ANNA,), "editors": (TEAM,)}, Access.DELETE, Access.UPDATE),
    ({"owner": ANNA}, Access.DELETE, Access.NONE), ({"owner": ""}, Access.DELETE, Access.NONE)])
def test_what_is_shared_is_read_with_readers_and_updated_with_editors(with_whom, given, access):
    assert access_of(RecordRule(DEAL, Scope.SHARED, given), ANNA, shared(**with_whom)) is access


def test_of_what_is_shared_to_be_read_no_field_is_written():
    policy = policy_of(role(RecordRule(DEAL, Scope.SHARED, Access.DELETE)))
    seen = [policy.sight(ANNA, Ledger().note(record, 0.0, 0.0)).of("stage")
            for record in (shared(readers=(ANNA,)), shared(editors=(ANNA,)), shared())]

    assert seen == [Seen.READ, Seen.WRITE, Seen.HIDDEN]


def test_a_filter_narrows_what_is_shared():
    never = Condition("score > 1", lambda record: False, frozenset())

    assert access_of(RecordRule(DEAL, Scope.SHARED, Access.READ, never), ANNA,
                     shared(readers=(ANNA,))) is Access.NONE


def test_of_a_type_that_is_not_shared_a_rule_for_all_types_shows_nothing():
    policy = policy_of(role(RecordRule(ANY, Scope.SHARED, Access.DELETE)))
    types = schema.record_types()

    assert {name for name, type_ in types.items() if policy.grants(ANNA, type_)} == {
        name for name, type_ in types.items() if "readers" in type_.columns}


def test_the_model_and_random_roles_have_every_scope():
    declared = POOL.FindEnumTypeByName("lotura.directory.v1.Role.RecordRule.Scope")
    made = Roles(random.Random(7))
    rules = {(rule.record_type, rule.scope) for number in range(200)
             for rule in made.make(f"roles/r{number}").record_rules}

    assert {one.name: one.number for one in declared.values if one.number} == {
        f"SCOPE_{scope.name}": scope.value for scope in Scope}
    assert {scope for type_, scope in rules if type_ == DEAL} == set(Scope)
    assert {scope for type_, scope in rules if type_ == "sales.lotura/Stage"} == {Scope.ALL}


def test_records_are_shared_with_those_who_call():
    picked = {OWNER: ANNA, TEAM_OF_USERS: TEAM}
    made = Values(MINT, random.Random(7), picked.__getitem__)
    column = schema.record_types()[DEAL].readers
    names = {name for _ in range(100) for name in made.value(schema.record_types()[DEAL], column)}

    assert names == {f"//directory.lotura/{name}" for name in (ANNA, TEAM)}


def test_a_role_of_a_team_is_had_by_who_leads_it_and_by_those_below():
    policy = policy_of(role(ALL_PEOPLE), "teams/t")
    state = Ledger().note(person(), 0.0, 0.0)

    assert [policy.sight(user, state).access for user in (ANNA, BEN, MIA)] == [Access.READ] * 3


def test_fields_without_a_rule_are_hidden_as_soon_as_there_is_one():
    state = Ledger().note(person(), 0.0, 0.0)
    sight = HIDING.sight(ANNA, state)

    assert sight.of("family_name") is Seen.HIDDEN
    assert (sight.of("display_name"), sight.of("email")) == (Seen.READ, Seen.MASKED)
    assert policy_of(role(ALL_PEOPLE)).sight(ANNA, state).all_fields


def test_of_a_record_those_fields_are_seen_which_a_role_shows_that_shows_it():
    vip = Condition('tags:"vip"', lambda record: "vip" in record.tags, frozenset({"tags"}))
    whole = replace(role(RecordRule(PERSON, Scope.ALL, Access.READ, vip)), name="roles/whole")
    policy = replace(HIDING, roles={**HIDING.roles, whole.name: whole},
                     assignments={**HIDING.assignments, "b": Assignment(whole.name, ANNA)})
    states = [Ledger().note(person(tags=tags), 0.0, 0.0) for tags in ([], ["vip"])]

    assert [policy.sight(ANNA, state).of("family_name") for state in states] == [Seen.HIDDEN,
                                                                                Seen.READ]


def test_a_filter_over_what_the_role_hides_grants_nothing():
    about = Condition("family_name:*", lambda record: True, frozenset({"family_name"}))
    rule = RecordRule(PERSON, Scope.ALL, Access.READ, about)
    state = Ledger().note(person(), 0.0, 0.0)

    assert policy_of(role(rule, email=Seen.READ)).sight(ANNA, state).access is Access.NONE


def test_who_is_suspended_sees_nothing():
    policy = replace(HIDING, users={ANNA: User(suspended=True)})

    assert policy.sight(ANNA, Ledger().note(person(), 0.0, 0.0)).access is Access.NONE
    assert not policy.permits(ANNA, "accounts.people.read")


def test_an_assignment_for_one_type_permits_nothing_else():
    narrow = {"a": Assignment("roles/r", ANNA, frozenset({PERSON}))}
    policy = replace(HIDING, assignments=narrow)

    assert policy.permits(ANNA, "accounts.people.read")
    assert not policy.permits(ANNA, "accounts.organizations.read")


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
