"""Projections that are emptied and made again, and events that are published again, are what they were."""

import re
import subprocess

import pytest

from devkit.process import wait_until
from kit.api import request_id

TENANT = "00000000-0000-4000-8000-0000000e7e09"
TIMEOUT_S = 300
ENTRIES = """SELECT record, entry_id, time, kind, source, source_display_name, event_type, source_version,
  actor, changed_fields FROM communications.timeline_entry ORDER BY tenant_id, record, entry_id"""
STATES = "SELECT * FROM communications.record_state ORDER BY tenant_id, name"
FACTS = " UNION ALL ".join(f"SELECT '{table}', t::text FROM analytics.{table} t" for table in (
    "user_dimension", "team_dimension", "organization_dimension", "product_dimension",
    "stage_dimension", "opportunity_fact", "stage_entry_fact", "record_state")) + " ORDER BY 1, 2"
SOURCES = {"communications.timeline": ("directory", "accounts", "sales", "communications"),
           "analytics.facts": ("directory", "accounts", "sales")}
COUNT = "SELECT count(*) FROM {table} WHERE tenant_id = '" + TENANT + "'"
RECORDS = 20


@pytest.fixture(scope="module")
def admin(stack):
    """Runs `lotura admin` with the settings of the services."""
    def run(*arguments: str) -> subprocess.CompletedProcess:
        environment = stack.member("all").environment()
        program = str(stack.surroundings().binaries / "lotura")
        return subprocess.run([program, "admin", *arguments], env=environment, text=True,
                              capture_output=True, timeout=TIMEOUT_S, check=False)

    return run


@pytest.fixture(scope="module")
def partner(connect):
    return connect("*", tenant=TENANT)


@pytest.fixture(scope="module")
def records(stack, partner):
    """Organizations, each of which was changed twice; every event of the stack was handled."""
    for number in range(RECORDS):
        write(partner, number)
    for consumer in SOURCES:
        assert wait_until(lambda consumer=consumer: is_up_to_date(stack, consumer), TIMEOUT_S)
    assert count(stack, "communications.timeline_entry") == 3 * RECORDS
    assert count(stack, "analytics.organization_dimension") == RECORDS


def is_up_to_date(stack, consumer: str) -> bool:
    """Whether a consumer whose projection was never made again has handled what was written."""
    service, name = consumer.split(".")
    written = " + ".join(f"(SELECT count(*) FROM {source}.journal)" for source in SOURCES[consumer])
    return stack.postgres.query(f"SELECT {written} = (SELECT count(*) FROM {service}.inbox "
                                f"WHERE consumer = '{name}')") == "t"


def write(partner, number: int) -> None:
    service = "accounts.v1.OrganizationService"
    name = f"replay-{number}"
    partner.call(f"{service}/CreateOrganization",
                 {"organization_id": name, "request_id": request_id(),
                  "organization": {"display_name": name}})
    for sector in ("medical", "retail"):
        partner.call(f"{service}/UpdateOrganization",
                     {"organization": {"name": f"organizations/{name}", "sector": sector},
                      "update_mask": "sector", "request_id": request_id()})


def count(stack, table: str) -> int:
    return int(stack.postgres.query(COUNT.format(table=table)))


@pytest.mark.usefixtures("records")
def test_a_timeline_that_was_damaged_is_made_again(stack, admin):
    before, states = stack.postgres.query(ENTRIES), stack.postgres.query(STATES)
    stack.postgres.query("DELETE FROM communications.timeline_entry WHERE source_version = 2")
    stack.postgres.query("UPDATE communications.record_state SET epoch = 9, state = ''")
    assert stack.postgres.query(ENTRIES) != before

    done = admin("replay", "projection", "communications.timeline")

    assert done.returncode == 0, done.stderr
    assert stack.postgres.query(ENTRIES) == before
    assert stack.postgres.query(STATES) == states != ""
    assert " 0 wait for a decision" in done.stdout


@pytest.mark.usefixtures("records")
def test_the_consumer_goes_on_after_its_facts_were_made_again(stack, admin, partner):
    before = stack.postgres.query(FACTS)
    stack.postgres.query("UPDATE analytics.organization_dimension SET sector = 'wrong'")
    stack.postgres.query("DELETE FROM analytics.stage_entry_fact")

    done = admin("replay", "projection", "analytics.facts")

    assert done.returncode == 0, done.stderr
    assert stack.postgres.query(FACTS) == before
    write(partner, RECORDS)
    assert wait_until(lambda: count(stack, "analytics.organization_dimension") == RECORDS + 1,
                      TIMEOUT_S)
    assert wait_until(lambda: count(stack, "communications.timeline_entry") == 3 * RECORDS + 3,
                      TIMEOUT_S)


@pytest.mark.usefixtures("records")
def test_a_dry_run_tells_and_changes_nothing(stack, admin):
    before = stack.postgres.query(ENTRIES)

    done = admin("replay", "projection", "communications.timeline", "--dry-run")

    assert done.returncode == 0, done.stderr
    assert re.search(r"^table timeline_entry: \d+ rows$", done.stdout, re.MULTILINE)
    assert re.search(r"^journal of accounts: \d+ published entries$", done.stdout, re.MULTILINE)
    assert stack.postgres.query(ENTRIES) == before


@pytest.mark.usefixtures("records")
def test_what_is_published_again_changes_no_consumer(stack, admin):
    before = stack.postgres.query(ENTRIES)

    done = admin("replay", "topic", "accounts", "--tenant", TENANT, "--name",
                 "organizations/replay-1")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 of ")
    assert stack.postgres.query(ENTRIES) == before


def test_what_cannot_be_replayed_is_refused(admin):
    unknown = admin("replay", "projection", "communications.nobody")
    assert unknown.returncode == 1
    assert "NOT_FOUND" in unknown.stderr
    emptied = admin("replay", "projection", "sales.foreign_records")
    assert emptied.returncode == 1
    assert "NO_PROJECTION" in emptied.stderr
    assert admin("replay", "projection", "timeline").returncode == 2
