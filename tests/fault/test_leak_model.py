"""Whom the model of the hunt shows what, as the documents say it."""

import random
from dataclasses import replace

import pytest

from fault.leak_cases import (ALL_PEOPLE, ANNA, BEN, DEAL, HIDING, MIA, MINT, PERSON, deal, person,
                              policy_of, role)
from fault.leaks import schema
from fault.leaks.conditions import Condition
from fault.leaks.ledger import Ledger
from fault.leaks.policy import ANY, Access, Assignment, RecordRule, Role, Scope, Seen, User
from fault.leaks.roles import Roles
from fault.leaks.values import OWNER, Values
from fault.leaks.values import TEAM as TEAM_OF_USERS
from kit.api import POOL


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
