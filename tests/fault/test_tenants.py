"""A tenant is deleted and removed while the service that removes it is killed on the way."""

from dataclasses import dataclass

import grpc
import pytest

from devkit.layout import SERVICES
from devkit.process import wait_until
from devkit.stack import Arrangement, Stack
from fault.trial.crashes import linked_binaries
from kit import imports
from kit.api import Client, Refused

OPERATOR = "00000000-0000-4000-8000-00000000fa01"
GONE = "00000000-0000-4000-8000-00000000fa02"
OTHER = "00000000-0000-4000-8000-00000000fa03"
GONE_AS_WELL = "00000000-0000-4000-8000-00000000fa04"
TENANTS = "lotura.directory.v1.TenantService/"
IMPORT = "lotura.accounts.v1.OrganizationService/ImportOrganizations"
LIST = "lotura.accounts.v1.OrganizationService/ListOrganizations"
ROWS = 2500
IN_FORCE_S = 60
PURGE_S = 120
TABLES = ("SELECT format('%I.%I', n.nspname, c.relname), EXISTS (SELECT 1 FROM pg_attribute a "
          "WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') FROM pg_class c JOIN "
          "pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT "
          f"c.relispartition AND n.nspname IN {tuple(SERVICES)}")


@pytest.fixture(scope="module")
def operated(tmp_path_factory):
    """Services of an operator tenant; accounts and communications know their crash points."""
    directory = tmp_path_factory.mktemp("operated")
    binaries = linked_binaries(directory, "crash")
    variables = {"LOTURA_OPERATOR_TENANT": OPERATOR, "LOTURA_TENANT_GRACE_DAYS": "0",
                 "LOTURA_TENANT_SETTLE_SECONDS": "5"}
    with Stack(directory / "stack", binaries, variables) as running:
        running.start_backends(Arrangement.SEPARATE)
        running.start_services(Arrangement.SEPARATE)
        yield running


@pytest.fixture(scope="module")
def operator(operated):
    with Client(operated.grpc("directory"), operated.issuer.mint(tenant=OPERATOR)) as made:
        yield made


@pytest.fixture(scope="module")
def other(operated, operator):
    """A tenant that stays."""
    fill(operated, operator, OTHER)
    return OTHER


def name_of(tenant: str) -> str:
    return f"tenants/{tenant}"


def refusal(stack, tenant: str) -> str:
    """Why accounts refuses the tenant; empty if it does not."""
    with Client(stack.grpc("accounts"), stack.issuer.mint(tenant=tenant)) as client:
        try:
            client.call(LIST)
        except grpc.RpcError as error:
            return Refused(error).reason
        return ""


def fill(stack, operator, tenant: str) -> None:
    operator.call(f"{TENANTS}CreateTenant", tenant_id=tenant,
                  tenant={"display_name": "One", "administrator": "anna"})
    assert wait_until(lambda: refusal(stack, tenant) == "", IN_FORCE_S)
    with Client(stack.grpc("accounts"), stack.issuer.mint(tenant=tenant)) as client:
        rows = [{"organization": {"display_name": f"Organization {number}"}}
                for number in range(ROWS)]
        assert len(imports.run(client, IMPORT, imports.chunks(rows, imports.import_id()))) == ROWS


def hits(stack, tenant: str) -> dict[str, int]:
    """Rows in which the UUID of the tenant stands, in whatever form, but for the operator's."""
    raw = tenant.replace("-", "")
    text = tenant.encode().hex()
    found = {}
    for line in stack.postgres.query(TABLES).splitlines():
        table, has_tenant = line.split("|")
        others = f"t.tenant_id <> '{OPERATOR}' AND" if has_tenant == "t" else ""
        count = int(stack.postgres.query(
            f"SELECT count(*) FROM {table} t WHERE {others} t::text ~ '{tenant}|{raw}|{text}'"))
        if count:
            found[table] = count
    return found


def ended(stack, service: str, tenant: str) -> bool:
    return stack.postgres.query(f"SELECT count(*) FROM {service}.tenant_purge WHERE "
                                f"name = '{name_of(tenant)}' AND end_time IS NOT NULL") == "1"


@dataclass(frozen=True)
class Purge:
    """What is known of a tenant that was removed while accounts was killed on the way."""

    gone: str
    rows_of_other: dict[str, int]  # Before.


@pytest.fixture(scope="module", params=[
    # The point, the time that accounts comes to it, and the tenant.
    pytest.param(("purge.removed", "4", GONE), id="removed"),
    pytest.param(("purge.emptied", "1", GONE_AS_WELL), id="emptied")])
def purge(request, operated, operator, other):
    point, turn, gone = request.param
    fill(operated, operator, gone)
    before = hits(operated, other)
    accounts = operated.member("accounts")
    accounts.kill()
    # A lease that nobody gave back is over at once, as if another replica had waited.
    expire = "UPDATE accounts.lease SET expire_time = '-infinity'"
    operated.postgres.query(expire)
    operated.variables |= {"CRASH_POINT": point, "CRASH_TURN": turn}
    accounts.start()
    accounts.wait_ready()

    operator.call(f"{TENANTS}DeleteTenant", name=name_of(gone))

    assert wait_until(lambda: not accounts.is_running(), PURGE_S), "it was to end on the way"
    for name in ("CRASH_POINT", "CRASH_TURN"):
        del operated.variables[name]
    if point == "purge.removed":
        assert hits(operated, gone).get("accounts.organization", 0) > 0, "it was not on the way"
    operated.postgres.query(expire)
    accounts.start()
    accounts.wait_ready()
    return Purge(gone, before)


def test_whoever_is_killed_on_the_way_leaves_nothing_behind(operated, purge):
    assert wait_until(lambda: hits(operated, purge.gone) == {}, PURGE_S), hits(operated, purge.gone)
    assert wait_until(lambda: ended(operated, "accounts", purge.gone), PURGE_S)
    removed = int(operated.postgres.query(
        f"SELECT removed FROM accounts.tenant_purge WHERE name = '{name_of(purge.gone)}'"))
    # Each record has at least its row, and its entry of the journal.
    assert removed >= 2 * ROWS
    assert refusal(operated, purge.gone) == "TENANT_DELETED"


def test_another_tenant_keeps_what_it_has(operated, purge, other):
    assert wait_until(lambda: ended(operated, "accounts", purge.gone), PURGE_S)

    after = hits(operated, other)
    # Consumers may still have added what its records are for.
    assert {table: (count, after.get(table, 0)) for table, count in purge.rows_of_other.items()
            if after.get(table, 0) < count} == {}
    assert refusal(operated, other) == ""


def test_all_services_end_their_purge(operated, purge):
    assert wait_until(lambda: all(ended(operated, service, purge.gone) for service in SERVICES),
                      PURGE_S)
    assert hits(operated, purge.gone) == {}
