"""What a partner's own tools can do: grpcurl by reflection, Python's grpcio with the protos."""

import json
import subprocess

import grpc
import pytest

from devkit import artifacts
from kit.api import Refused, request_id

SERVICE = "accounts.v1.OrganizationService"
TENANT = "00000000-0000-4000-8000-00000000e2e0"
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def partner(connect):
    """In a tenant of its own, so that other tests' records do not count."""
    return connect("accounts.*", tenant=TENANT)


@pytest.fixture(scope="module")
def grpcurl(stack):
    program = artifacts.grpcurl_binary()
    token = stack.issuer.mint(user="users/partner", tenant=TENANT)

    def run(*arguments: str, header: str = f"authorization: Bearer {token}"):
        return subprocess.run([program, "-plaintext", "-H", header, *arguments],
                              capture_output=True, text=True, timeout=TIMEOUT_S, check=False)

    return run


def create(partner, organization_id: str, **fields) -> dict:
    return partner.call(f"{SERVICE}/CreateOrganization",
                        {"organization_id": organization_id, "organization": fields,
                         "request_id": request_id()})


def test_grpcurl_lists_every_service_by_reflection(grpcurl, stack):
    listed = grpcurl(stack.grpc("accounts"), "list")

    assert listed.returncode == 0, listed.stderr
    services = listed.stdout.split()
    for service in ("lotura.directory.v1.UserService", "lotura.accounts.v1.OrganizationService",
                    "lotura.sales.v1.OpportunityService", "lotura.analytics.v1.ReportService",
                    "lotura.communications.v1.TimelineService", "grpc.health.v1.Health"):
        assert service in services


def test_grpcurl_describes_a_method_with_its_options(grpcurl, stack):
    described = grpcurl(stack.grpc("sales"), "describe",
                        "lotura.sales.v1.OpportunityService.MoveOpportunity")

    assert described.returncode == 0, described.stderr
    assert "rpc MoveOpportunity" in described.stdout


def test_grpcurl_calls_by_reflection(grpcurl, stack):
    request = {"team_id": "reflected", "team": {"display_name": "Reflected", "region": "West"}}

    created = grpcurl("-d", json.dumps(request), stack.grpc("directory"),
                      "lotura.directory.v1.TeamService/CreateTeam")

    assert created.returncode == 0, created.stderr
    assert json.loads(created.stdout)["name"] == "teams/reflected"


def test_reflection_needs_a_token_and_health_does_not(grpcurl, stack):
    nobody = "x-none: none"
    refused = grpcurl(stack.grpc("accounts"), "list", header=nobody)
    health = grpcurl("-import-path", "/usr/share/grpc-proto", "-proto",
                     "grpc/health/v1/health.proto", stack.grpc("accounts"),
                     "grpc.health.v1.Health/Check", header=nobody)

    assert refused.returncode != 0
    assert "Unauthenticated" in refused.stderr
    assert json.loads(health.stdout) == {"status": "SERVING"}


def test_grpcio_creates_and_reads_what_it_created(partner):
    created = create(partner, "created", display_name="Created", sector="medical",
                     annual_revenue={"currency_code": "EUR", "units": "12", "nanos": 500000000})

    read = partner.call(f"{SERVICE}/GetOrganization", {"name": "organizations/created"})

    assert created["name"] == "organizations/created"
    assert read == created
    assert read["annual_revenue"] == {"currency_code": "EUR", "units": "12", "nanos": 500000000}


def test_grpcio_filters_and_pages_without_loss_or_repetition(partner):
    for number in range(7):
        create(partner, f"paged-{number}", display_name=f"Paged {number}",
               sector="paging" if number != 3 else "other", employee_count=number)

    found, token, pages = [], "", 0
    while True:
        page = partner.call(f"{SERVICE}/ListOrganizations",
                            {"filter": 'sector = "paging" AND employee_count >= 1',
                             "order_by": "display_name", "page_size": 2, "page_token": token})
        found += [organization["name"] for organization in page.get("organizations", [])]
        token, pages = page.get("next_page_token", ""), pages + 1
        if not token:
            break

    assert found == [f"organizations/paged-{number}" for number in (1, 2, 4, 5, 6)]
    assert pages == 3


def test_a_page_token_of_another_filter_is_refused(partner):
    for number in range(3):
        create(partner, f"token-{number}", display_name=f"Token {number}", sector="tokens")
    page = partner.call(f"{SERVICE}/ListOrganizations",
                        {"filter": 'sector = "tokens"', "page_size": 1})

    with pytest.raises(Refused) as refused:
        partner.call(f"{SERVICE}/ListOrganizations",
                     {"filter": 'sector = "other"', "page_size": 1,
                      "page_token": page["next_page_token"]})

    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.value.reason == "PAGE_TOKEN_MISMATCH"


def test_grpcio_updates_with_an_etag_and_a_stale_one_is_aborted(partner):
    created = create(partner, "updated", display_name="Before")
    change = {"organization": {"name": created["name"], "etag": created["etag"],
                               "display_name": "After"},
              "update_mask": "displayName"}

    updated = partner.call(f"{SERVICE}/UpdateOrganization", change)
    with pytest.raises(Refused) as stale:
        partner.call(f"{SERVICE}/UpdateOrganization", change)

    assert updated["display_name"] == "After"
    assert updated["etag"] != created["etag"]
    assert stale.value.code is grpc.StatusCode.ABORTED
    assert stale.value.reason == "STALE_ETAG"


def test_a_repeated_request_id_gets_the_first_answer(partner):
    request = {"organization_id": "repeated", "organization": {"display_name": "Repeated"},
               "request_id": request_id()}

    first = partner.call(f"{SERVICE}/CreateOrganization", request)
    second = partner.call(f"{SERVICE}/CreateOrganization", request)

    assert first == second


def test_all_wrong_fields_are_named_at_once(partner):
    with pytest.raises(Refused) as refused:
        create(partner, "wrong", country_code="Germany", founded_year=0)

    assert refused.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert {"organization.display_name", "organization.country_code",
            "organization.founded_year"} <= refused.value.fields.keys()


def test_another_tenant_sees_nothing_of_it(partner, connect):
    create(partner, "private", display_name="Private")
    stranger = connect("accounts.*", tenant="00000000-0000-4000-8000-00000000e2e1")

    with pytest.raises(Refused) as refused:
        stranger.call(f"{SERVICE}/GetOrganization", {"name": "organizations/private"})

    assert refused.value.code is grpc.StatusCode.NOT_FOUND


def test_a_permission_that_is_missing_is_named(connect):
    reader = connect("accounts.organizations.read", tenant=TENANT)

    with pytest.raises(Refused) as refused:
        create(reader, "forbidden", display_name="Forbidden")

    assert refused.value.code is grpc.StatusCode.PERMISSION_DENIED
    assert refused.value.reason == "PERMISSION_DENIED"
