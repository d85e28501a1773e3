"""Every cell of docs/authorization.md, tried on running services: what the table says is what happens."""

import copy

import grpc
import pytest

from authorization import model, roles
from authorization.catalog import Catalog, Kind
from authorization.model import Relation
from authorization.rows import EVERYWHERE, OPPORTUNITY, Judgement, rows
from ask import bare, service_of
from cells import Difference, Trial
from devkit import artifacts
from devkit.layout import ROOT, SERVICES
from devkit.process import wait_until
from kit.api import Refused, message_class
from lint.descriptors import compile_protos
from kit.samples import full_name
from world import World, in_parallel, parsed

REPRESENTATIVE, FLIPPED = "sales-representative", "flipped"
EXPLAIN = "lotura.access.v1.AccessService/ExplainAccess"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
IN_FORCE_S = 60
SHOWN_MAX = 40


def flipped(records: list[dict]) -> dict:
    """The representative's role, but that he does not see his team's opportunities."""
    role = copy.deepcopy(next(one for one in records if one["name"] == f"roles/{REPRESENTATIVE}"))
    role["name"] = f"roles/{FLIPPED}"
    role["record_rules"].remove(
        {"record_type": OPPORTUNITY, "scope": "SCOPE_TEAM", "access": "ACCESS_READ"})
    return role


@pytest.fixture(scope="module")
def records() -> list[dict]:
    return roles.messages(ROOT)


@pytest.fixture(scope="module")
def built_in(records) -> dict[str, roles.Role]:
    return roles.resolve(records)


@pytest.fixture(scope="module")
def world(stack, records):
    catalog = Catalog(compile_protos(ROOT, artifacts.googleapis().path))
    known = [*records, flipped(records)]
    assigned = {one: one for one in roles.resolve(known)}
    made = World(stack, catalog, rows(catalog), known, assigned)
    in_force = roles.resolve(known)
    # Roles, teams and facts reach the services by events: until then less is seen, never more.
    first = [Trial(made, row, caller, in_force[caller]) for row in made.rows for caller in assigned
             if row.rpc.kind is Kind.GET
             or row.judgement in (Judgement.QUERY, Judgement.REPORT, Judgement.TIMELINE)]
    wait_until(lambda: not differences(first), IN_FORCE_S)
    yield made
    made.close()


def differences(trials: list[Trial]) -> list[Difference]:
    return [one for found in in_parallel(lambda trial: trial.run(), trials) for one in found]


def told(found: list[Difference]) -> str:
    lines = [str(one) for one in found[:SHOWN_MAX]]
    return "\n".join([f"{len(found)} differences", *lines])


def bare_answers(caller, asked: list) -> dict[str, tuple[str, str]]:
    """Code and reason of each row's call with an empty request."""
    def ask(row):
        seen = bare(caller.client(service_of(row)), row)
        return f"{row.rpc.path} ({row.label})", (seen.code, seen.reason)

    return dict(in_parallel(ask, asked))


def test_directory_takes_every_built_in_role_as_it_stands(world, records):
    for record in records:
        stored = world.admin.client("directory").call("lotura.directory.v1.RoleService/GetRole",
                                                      name=record["name"])
        for engine in ("etag", "create_time", "update_time"):
            stored.ClearField(engine)

        assert stored == parsed(record, message_class("lotura.directory.v1.Role"))


def test_every_cell_is_as_the_table_says(world, built_in):
    trials = [Trial(world, row, role.id, role) for row in world.rows for role in built_in.values()]

    found = differences(trials)

    assert found == [], told(found)
    assert {row.rpc.path for row in world.rows} == \
        {rpc.path for rpc in world.catalog.rpcs} | set(EVERYWHERE)


def test_a_rule_that_is_not_as_the_table_says_is_found(world, built_in):
    rows_of_deals = [row for row in world.rows if row.about is world.catalog.types[OPPORTUNITY]
                     and row.rpc.kind in (Kind.GET, Kind.LIST, Kind.UPDATE, Kind.DELETE)]

    found = differences([Trial(world, row, FLIPPED, built_in[REPRESENTATIVE])
                         for row in rows_of_deals])

    assert {one.relation for one in found} == {Relation.TEAM}, told(found)
    assert {one.row.split("/")[1].split(" ")[0] for one in found} == \
        {"GetOpportunity", "ListOpportunities", "UpdateOpportunity"}


def test_whoever_has_no_role_is_refused_everything(world):
    asked = [row for row in world.rows if row.judgement is not Judgement.OPEN]

    answers = bare_answers(world.stranger("nobody"), asked)

    assert set(answers.values()) == {("PERMISSION_DENIED", "PERMISSION_DENIED")}, answers


def test_whom_directory_does_not_know_is_refused_everything_but_health(world):
    asked = [row for row in world.rows if "health" not in row.rpc.path]

    answers = bare_answers(world.stranger("stranger"), asked)

    assert set(answers.values()) == {("PERMISSION_DENIED", "USER_UNKNOWN")}, answers


def test_callers_of_other_tenants_are_refused_what_is_the_operators(world):
    asked = [row for row in world.rows if row.rpc.operator_only]
    read = [row for row in world.rows if row.about is not None and row.rpc.kind is Kind.GET
            and world.catalog.is_operators(row.about)]

    answers = bare_answers(world.other_admin, asked)

    assert set(answers.values()) == {("PERMISSION_DENIED", "OPERATOR_ONLY")}, answers
    assert len(asked) >= 6
    for row in read:
        name = world.samples.name_of(row.about)
        assert world.whole(row.about, name).name == name
        with pytest.raises(grpc.RpcError) as refused:
            world.other_admin.client(row.about.service).call(row.rpc.path, name=name)
        assert Refused(refused.value).reason == "NOT_FOUND"


def test_what_is_explained_is_what_happens(world, built_in):
    row = next(one for one in world.rows if one.rpc.path == EXPLAIN)
    auditor = world.callers["auditor"].client(row.about.service)

    for role in built_in.values():
        for relation in model.OWNED:
            name = full_name(row.about, world.record(row, role.id, relation))
            explained = auditor.call(EXPLAIN, user=f"users/{role.id}", name=name)

            assert explained.active
            assert explained.access == model.view(role, row.about, relation).access, \
                (role.id, relation)


def test_what_roles_hide_is_there_to_be_hidden(world, built_in):
    """Otherwise nobody would see that it is not hidden."""
    missing = []
    for role in built_in.values():
        for type_name in role.field_rules:
            record_type = world.catalog.types[type_name]
            row = next(one for one in world.rows if one.about is record_type
                       and one.rpc.kind is Kind.GET)
            relation = model.relations_of(row)[0][0]
            whole = world.whole(record_type, world.record(row, role.id, relation))
            fields = model.view(role, record_type, relation).fields
            missing += [(role.id, type_name, column.name) for column in record_type.columns
                        if fields[column.name] < roles.FieldAccess.READ
                        and not column.output_only and column.name not in _set_fields(whole)]

    assert missing == []


def _set_fields(record) -> set[str]:
    return {descriptor.name for descriptor, _ in record.ListFields()}


def test_servers_have_no_service_without_rows(world):
    known = {row.rpc.path.split("/")[0] for row in world.rows}
    for service in SERVICES:
        client = world.admin.client(service)
        answers = client.converse(REFLECTION, iter([client.request(REFLECTION,
                                                                   {"list_services": ""})]))
        listed = next(iter(answers)).list_services_response.service
        answers.cancel()

        assert {one.name for one in listed} <= known
