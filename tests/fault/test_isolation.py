"""The parts of R24 do what it relies on: marks, places, likeness, statements, times."""

import random
import re

import pytest

from devkit.layout import ROOT
from fault.leaks.replies import Reply
from fault.tenants import questions
from fault.tenants.asking import Found, likeness
from fault.tenants.canary import mark_of, marks_in
from fault.tenants.places import Place, places_of
from fault.tenants.settlement import catalog, mark
from fault.tenants.statements import EXEMPTIONS, is_scoped, judge, tables_of
from fault.tenants.timing import Timing
from fault.trial import r24
from fault.trial.supervisor import Trial
from kit.api import message_class

ORGANIZATION = "lotura.accounts.v1.Organization"
CREATE = "lotura.sales.v1.BatchCreateOpportunitiesRequest"
SERVICE = "lotura.sales.v1.OpportunityService"
# How a file of queries names each, and how it says that one or all of them have no tenant.
NAME = re.compile(r"-- name: (\w+)\n")
FREE = re.compile(r"tenant-free|[Ee]xempt from the rule")


@pytest.fixture(name="known", scope="module")
def _known():
    return catalog()


def test_a_mark_is_found_wherever_it_stands():
    record = message_class(ORGANIZATION)(display_name="Sample 7", domain="sample7.example.org",
                                         tags=["Sample"])
    mark(record, mark_of(31))

    assert marks_in(record.SerializeToString()) == {31}
    assert all(marks_in(text.encode()) for text in (record.display_name, record.domain, *record.tags))


def test_what_is_no_sample_is_not_marked():
    record = message_class(ORGANIZATION)(display_name="Example", country_code="US")
    mark(record, mark_of(31))

    assert marks_in(record.SerializeToString()) == set()


def rpc_of(known, method: str):
    return next(one for one in known.rpcs if one.path == f"{SERVICE}/{method}")


def test_places_are_found_by_what_is_declared(known):
    paths = {one.path for one in places_of(known, rpc_of(known, "BatchCreateOpportunities"))}

    assert {"request_id", "requests[].opportunity_id", "requests[].opportunity.stage",
            "requests[].opportunity.lines[].product", "requests[].opportunity.readers[]"} <= paths
    # What the service alone sets, and what must be unset.
    assert not paths & {"requests[].opportunity.pipeline", "requests[].request_id"}


def test_lists_are_asked_by_what_their_records_refer_to(known):
    places = {one.path: one for one in places_of(known, rpc_of(known, "ListOpportunities"))}
    request = message_class("lotura.sales.v1.ListOpportunitiesRequest")()
    one, many = places["filter.owner"], places["filter.readers"]

    one.set(request, "//directory.lotura/users/u")
    assert request.filter == 'owner = "//directory.lotura/users/u"'
    assert one.get(request) == "//directory.lotura/users/u"
    many.set(request, "users/u")
    assert request.filter == 'readers : "users/u"'


def test_a_place_is_read_and_set_in_the_first_element():
    request = message_class(CREATE)()
    place = Place("requests[].opportunity.lines[].product")
    assert place.get(request) == ""

    place.set(request, "products/p")

    assert request.requests[0].opportunity.lines[0].product == "products/p"
    assert place.get(request) == "products/p"


def test_every_rpc_can_be_asked(known):
    assert questions.unknown(known) == []


@pytest.mark.parametrize("name", ["organizations/tabc", "//sales.lotura/pipelines/tab/stages/tcd"])
def test_what_is_nobodys_is_as_long_and_another(name):
    other = questions.absent(name, random.Random(1))

    assert len(other) == len(name) and other != name
    assert [len(part) for part in other.split("/")] == [len(part) for part in name.split("/")]


def refused(text: str, code: str = "NOT_FOUND") -> Reply:
    return Reply(0.0, 0.0, None, code, text)


def test_errors_are_alike_but_for_what_was_asked_with():
    one, two = refused("there is no 'people/ta'"), refused("there is no 'people/tb'")

    assert likeness(one, "people/ta") == likeness(two, "people/tb")


@pytest.mark.parametrize("other", [
    refused("there is no 'people/tb'", "PERMISSION_DENIED"), refused("'people/tb' is not yours"),
    refused("there is no 'people/tbc'"), Reply(0.0, 0.0, message_class(ORGANIZATION)())])
def test_another_code_text_or_size_is_unlike(other):
    assert likeness(refused("there is no 'people/ta'"), "people/ta") != likeness(other, "people/tb")


def test_answers_are_alike_but_for_times_and_versions():
    record = message_class(ORGANIZATION)
    one, two = record(etag="1", display_name="a"), record(etag="22", display_name="a")
    one.create_time.seconds = 5

    assert likeness(Reply(0, 0, one), "x") == likeness(Reply(0, 0, two), "y")
    two.display_name = "b"
    assert likeness(Reply(0, 0, one), "x") != likeness(Reply(0, 0, two), "y")


def test_streams_are_alike_but_for_signs_of_life():
    answer = message_class("lotura.events.v1.SubscribeResponse")
    beat, event = answer(), answer()
    beat.heartbeat.phase = 1
    event.event.subject = "people/p"

    assert likeness(Reply(0, 0, [beat, event]), "x") == likeness(Reply(0, 0, [beat, beat, event]), "y")
    assert likeness(Reply(0, 0, [beat, event]), "x") != likeness(Reply(0, 0, [beat]), "y")


@pytest.mark.parametrize("text", [
    "SELECT name FROM person WHERE tenant_id = $1::uuid AND name = $2",
    "INSERT INTO request (period, tenant_id, hash) SELECT $1, $2, $3",
    "COPY person (tenant_id, name) FROM STDIN (FORMAT binary)",
    "WITH x AS (SELECT $1) SELECT p.name FROM person p JOIN x ON true WHERE p.tenant_id = $2",
    "SELECT f.name FROM fact f LEFT JOIN team t ON t.tenant_id = f.tenant_id WHERE f.tenant_id = $1",
    "SELECT name FROM person WHERE (tenant_id, name) IN (SELECT $1, $2)",
    "SELECT p.name FROM person p WHERE p.name = $2 AND (p.tenant_id, p.version) = ($1, $3)",
    "SELECT 1 FROM person WHERE name = $1 AND tenant_id IN ($2, $3)",
    "SELECT s.number FROM unnest($1::uuid[]) AS t(tenant_id) CROSS JOIN LATERAL "
    "(SELECT a.number FROM audit_seal a WHERE $2 AND t.tenant_id = a.tenant_id LIMIT 1) s",
    "UPDATE person t SET version = r.version FROM unnest($2::text[]) AS r(name) WHERE t.ctid = "
    "r.place AND t.tenant_id IS NOT DISTINCT FROM $1::uuid",
    "DELETE FROM match_key m USING unnest($2::text[]) AS k(key) WHERE m.tenant_id = $1::uuid",
    "INSERT INTO record AS r (tenant_id, name) SELECT tenant_id, name FROM unnest($1::uuid[], "
    "$2::text[]) AS e(tenant_id, name) ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name",
    "INSERT INTO entry (tenant_id, name) SELECT a.tenant_id, a.name FROM activity a WHERE "
    "(a.tenant_id = $1::uuid AND a.name = $2)"])
def test_a_statement_of_which_each_table_is_told_the_tenant_is_scoped(text):
    assert is_scoped(text)


@pytest.mark.parametrize("text", [
    "SELECT name FROM person WHERE name = $1", "DELETE FROM person",
    "SELECT f.name FROM fact f JOIN team t ON t.name = f.team WHERE f.tenant_id = $1",
    "INSERT INTO person (name) VALUES ($1)", "UPDATE person SET name = $1",
    "SELECT tenant_id, name FROM person WHERE name = $1",
    "SELECT tenant_id = $2, name FROM person WHERE name = $1 ORDER BY tenant_id",
    "SELECT name FROM person WHERE $1::uuid IS NOT NULL AND tenant_id > $1",
    "SELECT name FROM person WHERE (tenant_id, name) > ($1, $2)",
    "SELECT f.name FROM fact f JOIN team t ON t.tenant_id = f.tenant_id",
    "UPDATE person SET tenant_id = $1 WHERE name = $2 RETURNING tenant_id",
    "DELETE FROM person WHERE name = $1 RETURNING tenant_id, name",
    "INSERT INTO person (tenant_id, name) SELECT tenant_id, name FROM lead WHERE name = $1",
    "INSERT INTO person VALUES ($1, $2)"])
def test_a_statement_of_which_a_table_is_not_told_the_tenant_is_found(text):
    found = judge([text])

    assert found.unscoped == [text]


def named_queries():
    """Each query of the services that is not said to be about several tenants."""
    for path in [path for folder in ("libs", "services") for path in (ROOT / folder).rglob("*.sql")]:
        head, *parts = NAME.split(path.read_text(encoding="utf-8"))
        for name, query in zip(parts[::2], parts[1::2]):
            if not FREE.search(head) and not FREE.search(query):
                yield f"{path.name} {name}", query.replace("journal_leaf", "journal_20260101")


def test_the_queries_of_the_services_are_scoped_but_for_those_that_say_so():
    queries = dict(named_queries())

    assert [name for name, query in queries.items() if judge([query]).unscoped] == []
    assert len(queries) > 30


def test_functions_and_parts_of_the_statement_are_no_tables():
    text = ("WITH unit AS MATERIALIZED (SELECT x.a FROM unnest($1::text[]) AS x(a)) SELECT 1 FROM unit "
            "CROSS JOIN LATERAL (SELECT 1 FROM person t WHERE t.a IS DISTINCT FROM unit.a) f")

    assert tables_of(text) == ["person"]


def test_what_has_no_table_is_nobodys():
    assert judge(["SELECT $1", "BEGIN"]).exempt == {"nobody's data": 2}


def test_each_exemption_has_a_name():
    assert len({one.who for one in EXEMPTIONS}) == len(EXEMPTIONS)


@pytest.mark.parametrize(("seconds", "pairs", "met"), [
    (60, 1, True), (60, 0, False), (r24.SECONDS, r24.PAIRS_MIN - 1, False),
    (r24.SECONDS, r24.PAIRS_MIN, True)])
def test_each_place_needs_a_pair_that_was_compared(known, tmp_path, seconds, pairs, met):
    found, many = Found(), 100
    for rpc, place, value in r24.wanted_cells(known):
        found.cells[rpc, place, value] = many
        if value == questions.Value.FOREIGN.value:
            found.compared[rpc, place] = many
    found.compared[f"{SERVICE}/ListOpportunities", "filter.owner"] = pairs
    report = {"found": [found.as_json()], "hasty_calls": 0, "hasty_codes": {}, "unknown": []}
    criteria = {one.name: one for one in r24.judged(Trial(tmp_path, 1, seconds),
                                                    r24.totals([report]), known)}

    assert criteria["pairs that were compared of the place with the fewest"].met == met
    assert criteria["cells that were never asked"].met


def test_times_of_one_kind_tell_nothing_and_others_do():
    chance = random.Random(3)
    one, two = ([chance.gauss(10, 1) for _ in range(2000)] for _ in range(2))

    same, later = Timing(one, two), Timing([x + 0.2 for x in one], two)

    assert abs(same.superiority - 0.5) <= same.bound
    assert abs(later.superiority - 0.5) > later.bound
