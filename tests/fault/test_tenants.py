"""A tenant is deleted and removed while the service that removes it is killed on the way."""

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
    variables = {"LOTURA_OPERATOR_TENANT": OPERATOR, "LOTURA_TENANT_GRACE_DAYS": "0"}
    with Stack(directory / "stack", binaries, variables) as running:
        running.start_backends(Arrangement.SEPARATE)
        running.start_services(Arrangement.SEPARATE)
        yield running


@pytest.fixture
def operator(operated):
    with Client(operated.grpc("directory"), operated.issuer.mint(tenant=OPERATOR)) as made:
        yield made


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


def ended(stack, service: str) -> bool:
    return stack.postgres.query(f"SELECT count(*) FROM {service}.tenant_purge WHERE "
                                f"name = '{name_of(GONE)}' AND end_time IS NOT NULL") == "1"


@pytest.mark.parametrize("point", ["purge.removed", "purge.emptied"])
def test_whoever_is_killed_on_the_way_leaves_nothing_behind(operated, operator, point):
    """In turn: the second tenant goes while the first one's purge has ended."""
    gone = GONE if point == "purge.removed" else GONE[:-1] + "4"
    if point == "purge.removed":
        fill(operated, operator, OTHER)
    fill(operated, operator, gone)
    before = hits(operated, OTHER)
    accounts = operated.member("accounts")
    accounts.kill()
    # A lease that nobody gave back is over at once, as if another replica had waited.
    expire = "UPDATE accounts.lease SET expire_time = '-infinity'"
    operated.postgres.query(expire)
    turn = "4" if point == "purge.removed" else "1"
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
    assert wait_until(lambda: hits(operated, gone) == {}, PURGE_S), hits(operated, gone)
    ends = (f"SELECT count(*) FROM accounts.tenant_purge WHERE name = '{name_of(gone)}' AND "
            "end_time IS NOT NULL")
    assert wait_until(lambda: operated.postgres.query(ends) == "1", PURGE_S)
    removed = int(operated.postgres.query(
        f"SELECT removed FROM accounts.tenant_purge WHERE name = '{name_of(gone)}'"))
    # Each record has at least its row, and its entry of the journal.
    assert removed >= 2 * ROWS
    after = hits(operated, OTHER)
    assert {table: after.get(table, 0) for table in before} == before
    assert refusal(operated, gone) == "TENANT_DELETED"
    assert refusal(operated, OTHER) == ""


def test_all_services_have_ended_their_purge(operated):
    assert wait_until(lambda: all(ended(operated, service) for service in SERVICES), PURGE_S)
    assert hits(operated, GONE) == {}
