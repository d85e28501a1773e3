"""A partner who calls with a key of his client, until it is taken away."""

import base64
import datetime
import hashlib

import pytest

from devkit.layout import SERVICES
from devkit.process import wait_until
from kit.api import Api, Client, Refused, request_id
from kit.events import Subscriber

NAME = "clients/erp/apiKeys/nightly"
TENANT = "00000000-0000-4000-8000-0000000a91e5"
KEYS = "directory.v1.ApiKeyService"
LIVE = 1  # Heartbeat.PHASE_LIVE
ARRIVAL_S = 60
# Services tell of a use within ten seconds.
TOLD_S = 60


@pytest.fixture(scope="module")
def administrator(connect):
    return connect("*", user="users/administrator", tenant=TENANT)


@pytest.fixture(scope="module")
def administrator_client(stack):
    token = stack.issuer.mint(user="users/administrator", permissions=("*",), tenant=TENANT)
    with Client(stack.grpc("directory"), token) as client:
        yield client


@pytest.fixture(scope="module")
def issued(administrator):
    """The answer to the request that made the key, and the request."""
    administrator.call("directory.v1.ClientService/CreateClient",
                       {"client_id": "erp", "client": {"display_name": "ERP"}})
    administrator.call("directory.v1.RoleService/CreateRole", {
        "role_id": "reader", "role": {"display_name": "Reader", "permissions": ["*"], "record_rules": [
            {"record_type": "*", "scope": "SCOPE_ALL", "access": "ACCESS_READ"}]}})
    administrator.call("directory.v1.RoleAssignmentService/CreateRoleAssignment",
                       {"role_assignment": {"role": "roles/reader", "member": "clients/erp"}})
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=30)
    request = {"parent": "clients/erp", "api_key_id": "nightly", "request_id": request_id(),
               "api_key": {"display_name": "Nightly", "expire_time": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
                           "scopes": ["accounts.*", "sales.products.read", "events.streams.read"]}}
    return administrator.call(f"{KEYS}/IssueApiKey", request), request


@pytest.fixture(scope="module")
def partner(stack, issued):
    api = Api({service: stack.grpc(service) for service in SERVICES}, issued[0]["token"])
    yield api
    api.close()


def reason_of(api: Api, method: str) -> str:
    """Empty for a call that is done."""
    try:
        api.call(method, {})
    except Refused as refused:
        return refused.reason
    return ""


ACCOUNTS = "accounts.v1.OrganizationService/ListOrganizations"
PRODUCTS = "sales.v1.ProductService/ListProducts"


def test_key_opens_what_its_scopes_say(partner):
    assert wait_until(lambda: reason_of(partner, ACCOUNTS) == "" == reason_of(partner, PRODUCTS),
                      ARRIVAL_S)
    assert reason_of(partner, "sales.v1.PipelineService/ListPipelines") == "PERMISSION_DENIED"
    assert reason_of(partner, "directory.v1.UserService/ListUsers") == "PERMISSION_DENIED"


def test_token_is_told_once(administrator, issued):
    answer, request = issued
    assert len(answer["token"]) == 93

    again = administrator.call(f"{KEYS}/IssueApiKey", request)

    assert again == {"api_key": answer["api_key"]}


def test_no_event_tells_by_what_a_key_is_known(administrator_client, issued):
    token = issued[0]["token"]
    secret = base64.urlsafe_b64decode(token.removeprefix("lotura_") + "==")[28:60]
    found = hashlib.sha256(secret).hexdigest()

    with Subscriber(administrator_client, service="directory", start="EARLIEST") as stream:
        assert stream.wait(lambda one: any(event.subject == NAME for event in one.events))
        assert stream.wait(lambda one: any(beat.phase == LIVE for beat in one.heartbeats))
        told = b"".join(event.SerializeToString() for event in stream.events)

    assert found.encode() not in told
    assert b"/secrets/" not in told


def test_last_use_is_known(administrator, partner):
    assert wait_until(lambda: reason_of(partner, ACCOUNTS) == "", ARRIVAL_S)

    def use() -> dict:
        return administrator.call(f"{KEYS}/GetApiKeyUse", {"name": NAME})

    assert wait_until(lambda: "last_use_time" in use(), TOLD_S)


def test_deleted_key_is_refused_and_its_streams_end(stack, administrator, partner, issued):
    assert wait_until(lambda: reason_of(partner, ACCOUNTS) == "", ARRIVAL_S)
    with Client(stack.grpc("accounts"), issued[0]["token"]) as client, \
            Subscriber(client, service="accounts", start="LATEST") as stream:
        stream.wait_open()

        administrator.call(f"{KEYS}/DeleteApiKey", {"name": NAME})

        # How soon, the trial POLICY judges.
        assert wait_until(lambda: reason_of(partner, ACCOUNTS) == "KEY_UNKNOWN", ARRIVAL_S)
        refusal = stream.refusal(ARRIVAL_S)
        assert refusal is not None, "the stream goes on"
        assert refusal.reason == "KEY_UNKNOWN"
