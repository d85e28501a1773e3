"""Imports in bulk: good and bad rows mixed, dry runs, streams that break off, repetitions."""

import grpc
import pytest

from devkit.process import wait_until
from kit import imports
from kit.api import Client, Refused

PEOPLE = "lotura.accounts.v1.PersonService/ImportPeople"
ORGANIZATIONS = "lotura.accounts.v1.OrganizationService/ImportOrganizations"
TENANT = "00000000-0000-4000-8000-00000000e2b1"
PUBLISHED_S = 60


@pytest.fixture(scope="module")
def client(stack):
    token = stack.issuer.mint(user="users/importer", tenant=TENANT)
    with Client(stack.grpc("accounts"), token) as made:
        yield made


def people(count: int, domain: str) -> list[dict]:
    return [{"person": {"given_name": f"Given {number}", "family_name": f"Family {number}",
                        "email": f"p{number}@{domain}"}} for number in range(count)]


def count(stack, sql: str) -> int:
    return int(stack.postgres.query(
        f"SELECT count(*) FROM accounts.{sql} AND tenant_id = '{TENANT}'"))


def entries(stack, identity: str) -> int:
    return count(stack, f"journal WHERE request_id = '{identity}'")


def test_good_rows_are_created_beside_bad_ones(client, stack):
    identity = imports.import_id()
    rows = people(100, "mixed.example")
    rows[3] = {"person": {"email": "nobody@mixed.example"}}
    rows[7] = {"person": {"display_name": "Twin", "email": "P8@mixed.example"}}
    rows[9] = {"person": {"display_name": "Chosen"}, "person_id": "Not An Id"}
    rows[11] = {"person": {"display_name": "Chosen"}, "person_id": "bulk-chosen"}

    results = imports.run(client, PEOPLE, imports.chunks(rows, identity))

    assert len(results) == 100
    assert [results[place] for place in (3, 8, 9, 11)] == [
        "REQUIRED", "MATCH_KEY_TAKEN", "ID_INVALID", "people/bulk-chosen"]
    created = [name for name in results if name.startswith("people/")]
    assert len(created) == len(set(created)) == 97
    assert entries(stack, identity) == 97
    assert count(stack, "person WHERE email LIKE '%@mixed.example'") == 96


def test_an_import_that_comes_twice_is_done_once(client, stack):
    identity = imports.import_id()
    rows = people(2500, "twice.example")

    first = imports.run(client, PEOPLE, imports.chunks(rows, identity))
    second = imports.run(client, PEOPLE, imports.chunks(rows, identity))

    assert first == second
    assert entries(stack, identity) == 2500
    assert count(stack, "person WHERE email LIKE '%@twice.example'") == 2500


def test_each_row_has_its_event(client, stack):
    identity = imports.import_id()
    rows = people(300, "events.example")

    names = imports.run(client, PEOPLE, imports.chunks(rows, identity, size=100))

    journal = stack.postgres.query(
        f"SELECT name, version, type FROM accounts.journal WHERE request_id = '{identity}'")
    assert sorted(line.split("|")[0] for line in journal.splitlines()) == sorted(names)
    assert {tuple(line.split("|")[1:]) for line in journal.splitlines()} == {
        ("1", "lotura.accounts.person.created.v1")}

    def published() -> bool:
        return float(stack.postgres.query(
            "SELECT count(*) FROM accounts.journal j, accounts.relay_cursor c WHERE "
            f"c.relay = 'kafka' AND j.request_id = '{identity}' AND (j.xid, j.seq) > (c.xid, c.seq)")) == 0

    assert wait_until(published, PUBLISHED_S)


def test_an_import_goes_on_after_a_broken_stream(client, stack):
    identity = imports.import_id()
    rows = people(1000, "broken.example")
    answers = imports.send(client, PEOPLE, imports.chunks(rows, identity, size=50))
    positions = [next(answers).position for _ in range(5)]
    answers.cancel()

    with pytest.raises(grpc.RpcError):
        list(answers)
    rest = imports.run(client, PEOPLE,
                       imports.chunks(rows, identity, size=50, start=positions[-1] + 1))

    assert positions == [0, 1, 2, 3, 4]
    assert len(rest) == 750
    assert all(name.startswith("people/") for name in rest)
    assert entries(stack, identity) == 1000


def test_a_dry_run_tells_the_same_and_writes_nothing(client, stack):
    identity = imports.import_id()
    rows = people(50, "dry.example")
    rows[5] = {"person": {"email": "p5@dry.example"}}

    dry = imports.run(client, PEOPLE, imports.chunks(rows, identity, validate_only=True))

    assert count(stack, "person WHERE email LIKE '%@dry.example'") == 0
    real = imports.run(client, PEOPLE, imports.chunks(rows, identity))
    assert [name.split("/")[0] for name in dry] == [name.split("/")[0] for name in real]
    assert count(stack, "person WHERE email LIKE '%@dry.example'") == 49


def test_a_row_may_refer_to_a_record_of_an_earlier_chunk(client):
    rows = [{"organization": {"display_name": "Head"}, "organization_id": "bulk-head"}]
    rows += [{"organization": {"display_name": f"Branch {number}",
                               "parent_organization": "organizations/bulk-head"}}
             for number in range(3)]

    results = imports.run(client, ORGANIZATIONS,
                          imports.chunks(rows, imports.import_id(), size=1))

    assert len(results) == 4
    assert all(name.startswith("organizations/") for name in results)


def test_another_chunk_at_the_same_position_is_refused(client):
    identity = imports.import_id()
    imports.run(client, PEOPLE, imports.chunks(people(1, "one.example"), identity))

    with pytest.raises(grpc.RpcError) as refused:
        imports.run(client, PEOPLE, imports.chunks(people(1, "other.example"), identity))

    assert Refused(refused.value).reason == "POSITION_REUSED"


def test_whoever_may_only_read_imports_nothing(stack):
    token = stack.issuer.mint(user="users/reader", permissions=("accounts.people.read",),
                              tenant=TENANT)
    with Client(stack.grpc("accounts"), token) as reader, pytest.raises(grpc.RpcError) as refused:
        imports.run(reader, PEOPLE,
                    imports.chunks(people(1, "forbidden.example"), imports.import_id()))

    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
