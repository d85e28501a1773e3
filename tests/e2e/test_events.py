"""The events of a service over gRPC, as a partner gets them."""

import json
import subprocess
import sys
import threading

import grpc
import pytest

from devkit.command_line import CommandLine
from devkit.layout import ROOT
from devkit.process import wait_until
from kit.api import Client, Refused, message_class, request_id
from kit.events import SUBSCRIBE, Subscriber

sys.path.insert(0, str(ROOT / "docs" / "examples"))

import follow_events  # noqa: E402 - the path has to be known first

TENANT = "00000000-0000-4000-8000-0000000e7e01"
SERVICE = "lotura.events.v1.EventService"
FOLLOW_S = 60


@pytest.fixture(scope="module")
def client(stack):
    """Makes clients of one service's address."""
    made = []

    def make(*permissions: str, tenant: str = TENANT, service: str = "accounts") -> Client:
        token = stack.issuer.mint(user="users/partner", tenant=tenant,
                                  permissions=permissions or ("*",))
        made.append(Client(stack.grpc(service), token))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def partner(connect):
    return connect("*", tenant=TENANT)


def create(partner, name: str, **fields) -> dict:
    return partner.call("accounts.v1.OrganizationService/CreateOrganization",
                        {"organization_id": name, "request_id": request_id(),
                         "organization": {"display_name": name, **fields}})


def camel(field: str) -> str:
    """As JSON writes the paths of a mask."""
    first, *others = field.split("_")
    return first + "".join(map(str.capitalize, others))


def rename(partner, name: str, **fields) -> dict:
    return partner.call("accounts.v1.OrganizationService/UpdateOrganization",
                        {"organization": {"name": f"organizations/{name}", **fields},
                         "update_mask": ",".join(map(camel, fields)), "request_id": request_id()})


def record_of(event):
    state = event.change.after
    return message_class(event.change.resource_type).FromString(state.plain + state.personal)


def test_every_version_comes_once_in_order_and_as_it_was_written(client, partner):
    with Subscriber(client(), service="accounts").wait_open() as live:
        create(partner, "live", sector="medical")
        for number in range(5):
            rename(partner, "live", sector=f"sector-{number}")

        assert live.wait(lambda one: len(one.events) == 6), live.events
        assert live.versions() == {"organizations/live": [1, 2, 3, 4, 5, 6]}
        first, last = live.events[0], live.events[-1]
        assert first.type == "lotura.accounts.organization.created.v1"
        assert first.source == "//accounts.lotura"
        assert first.actor == "users/partner"
        assert list(last.change.changed_fields.paths) == ["sector"]
        assert record_of(last).sector == "sector-4"


def test_a_subscriber_goes_on_behind_its_token_without_loss_or_repetition(client, partner):
    with Subscriber(client(), service="accounts").wait_open() as first:
        create(partner, "resumed")
        rename(partner, "resumed", sector="a")
        assert first.wait(lambda one: len(one.events) == 2)
        token = first.token
    rename(partner, "resumed", sector="b")
    rename(partner, "resumed", sector="c")

    with Subscriber(client(), service="accounts", start="TOKEN", resume_token=token) as second:
        assert second.wait(lambda one: len(one.events) == 2)
        rename(partner, "resumed", sector="d")
        assert second.wait(lambda one: len(one.events) == 3)
        assert second.versions() == {"organizations/resumed": [3, 4, 5]}


def test_the_earliest_start_replays_everything_that_is_kept(client, partner):
    create(partner, "replayed")
    rename(partner, "replayed", sector="a")

    with Subscriber(client(), service="accounts", start="EARLIEST",
                    names=["organizations/replayed"]) as reader:
        assert reader.wait(lambda one: len(one.events) == 2), reader.refusal(0)
        assert reader.versions() == {"organizations/replayed": [1, 2]}


def test_no_more_comes_than_credit_was_granted(client, partner):
    with Subscriber(client(), credit=2, service="accounts").wait_open() as slow:
        for number in range(5):
            create(partner, f"credit-{number}")
        assert slow.wait(lambda one: len(one.events) == 2)
        create(partner, "credit-5")
        assert not slow.wait(lambda one: len(one.events) > 2, 0.5)

        slow.grant(3)

        assert slow.wait(lambda one: len(one.events) == 5)
        assert not slow.wait(lambda one: len(one.events) > 5, 0.3)


def test_a_snapshot_is_followed_by_what_changed_since(client, connect):
    tenant = "00000000-0000-4000-8000-0000000e7e02"
    api = connect("*", tenant=tenant)
    for number in range(230):
        create(api, f"s-{number:03}")
    api.call("accounts.v1.OrganizationService/DeleteOrganization",
             {"name": "organizations/s-000", "request_id": request_id()})

    with Subscriber(client(tenant=tenant), credit=50, service="accounts",
                    start="SNAPSHOT") as reader:
        assert reader.wait(lambda one: len(one.records) == 50)
        token = reader.token
    rename(api, "s-001", sector="changed")

    with Subscriber(client(tenant=tenant), service="accounts", start="TOKEN",
                    resume_token=token) as again:
        assert again.wait(lambda one: one.events), again.refusal(0)
        names = [record.name for record in [*reader.records, *again.records]]
        assert set(names) == {f"organizations/s-{number:03}" for number in range(1, 230)}
        assert len(names) <= 229 + 50
        assert again.versions() == {"organizations/s-001": [2]}


def test_filters_select_by_type_event_and_condition(client, partner):
    with Subscriber(client(), service="accounts",
                    resource_types=["accounts.lotura/Organization"],
                    event_types=["lotura.accounts.organization.updated.v1"],
                    filter='sector = "wanted"').wait_open() as reader:
        create(partner, "filtered", sector="wanted")
        rename(partner, "filtered", employee_count=1)
        rename(partner, "filtered", sector="other")
        rename(partner, "filtered", employee_count=2)
        rename(partner, "filtered", sector="wanted")

        assert reader.wait(lambda one: len(one.events) == 3)
        # The one by which it leaves the filter is seen, what happens outside is not.
        assert reader.versions() == {"organizations/filtered": [2, 3, 5]}


def test_another_tenant_sees_nothing_of_it(client, partner):
    stranger = client(tenant="00000000-0000-4000-8000-0000000e7e03")
    with Subscriber(stranger, service="accounts", start="EARLIEST").wait_open() as reader:
        create(partner, "private")
        with Subscriber(client(), service="accounts", start="EARLIEST",
                        names=["organizations/private"]) as own:
            assert own.wait(lambda one: one.events)

        assert not reader.events


def test_types_that_the_caller_may_not_read_are_left_out(client, partner):
    reader = client("events.*", "accounts.organizations.read")
    with Subscriber(reader, service="accounts").wait_open() as cut:
        partner.call("accounts.v1.PersonService/CreatePerson",
                     {"person_id": "hidden", "request_id": request_id(),
                      "person": {"given_name": "Hidden", "family_name": "Person"}})
        create(partner, "shown")

        assert cut.wait(lambda one: one.events)
        assert cut.versions() == {"organizations/shown": [1]}


@pytest.mark.parametrize(("permissions", "subscription", "code", "reason"), [
    (("*",), {"service": "unknown"}, "INVALID_ARGUMENT", "SERVICE_UNKNOWN"),
    (("*",), {"service": "accounts", "start": "TOKEN"}, "INVALID_ARGUMENT",
     "RESUME_TOKEN_MISSING"),
    (("*",), {"service": "accounts", "start": "TOKEN", "resume_token": "x"}, "INVALID_ARGUMENT",
     "RESUME_TOKEN_INVALID"),
    (("*",), {"service": "accounts", "resume_token": "x"}, "INVALID_ARGUMENT",
     "RESUME_TOKEN_UNWANTED"),
    (("*",), {"service": "accounts", "resource_types": ["sales.lotura/Stage"]},
     "INVALID_ARGUMENT", "TYPE_UNKNOWN"),
    (("*",), {"service": "accounts", "event_types": ["x"]}, "INVALID_ARGUMENT",
     "EVENT_TYPE_UNKNOWN"),
    (("*",), {"service": "accounts", "names": ["x"]}, "INVALID_ARGUMENT", "NAME_INVALID"),
    (("*",), {"service": "accounts", "filter": "sector = 1"}, "INVALID_ARGUMENT",
     "FILTER_NEEDS_ONE_TYPE"),
    (("*",), {"service": "accounts", "filter": "no_such = 1",
              "resource_types": ["accounts.lotura/Organization"]}, "INVALID_ARGUMENT",
     "FILTER_UNKNOWN_FIELD"),
    (("*",), {"service": "accounts", "credit": 10_001}, "INVALID_ARGUMENT",
     "CREDIT_OUT_OF_RANGE"),
    (("events.*",), {"service": "accounts"}, "PERMISSION_DENIED", "PERMISSION_DENIED"),
    (("accounts.*",), {"service": "accounts"}, "PERMISSION_DENIED", "PERMISSION_DENIED"),
])
def test_a_subscription_that_is_wrong_gets_a_typed_error(client, permissions, subscription, code,
                                                         reason):
    refusal = Subscriber(client(*permissions), **subscription).refusal()

    assert (refusal.code.name, refusal.reason) == (code, reason)


def test_a_token_of_another_tenant_or_service_is_refused(client):
    with Subscriber(client(), service="accounts").wait_open() as own:
        token = own.token
    stranger = client(tenant="00000000-0000-4000-8000-0000000e7e04")

    for one, service in ((stranger, "accounts"), (client(), "sales")):
        refusal = Subscriber(one, service=service, start="TOKEN", resume_token=token).refusal()
        assert refusal.reason == "RESUME_TOKEN_INVALID"


def test_a_second_subscription_on_the_stream_is_refused(client):
    reader = Subscriber(client(), service="accounts").wait_open()
    again = client().request(SUBSCRIBE)
    again.subscription.service = "accounts"

    reader.send(again)

    assert reader.refusal().reason == "SUBSCRIPTION_REPEATED"


def test_event_types_and_their_schemas_can_be_asked_for(client):
    reader = client("events.types.read")
    listed = reader.call(f"{SERVICE}/ListEventTypes", service="sales").event_types
    schema = reader.call(f"{SERVICE}/GetSchema", event_type="lotura.sales.opportunity.moved.v1")

    moved = next(one for one in listed if one.type == "lotura.sales.opportunity.moved.v1")
    assert moved.resource_type == "sales.lotura/Opportunity"
    assert moved.message == "lotura.sales.v1.Opportunity"
    assert moved.detail == "lotura.sales.v1.OpportunityMoved"
    assert moved.permission == "sales.opportunities.read"
    assert schema.event_type == moved
    files = [file.name for file in schema.files.file]
    assert files.index("google/type/money.proto") < files.index(
        "lotura/sales/v1/opportunity.proto")
    with pytest.raises(grpc.RpcError) as refused:
        reader.call(f"{SERVICE}/GetSchema", event_type="x")
    assert Refused(refused.value).code is grpc.StatusCode.NOT_FOUND


def test_the_command_line_prints_events_and_where_to_go_on(stack, partner, tmp_path):
    create(partner, "tailed")
    rename(partner, "tailed", sector="a")
    program = CommandLine(stack, user="users/partner", tenant=TENANT)

    def tail(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(program.command("events", "tail", "accounts", *arguments),
                              env=program.environment, cwd=tmp_path, capture_output=True,
                              text=True, timeout=60, check=False)

    first = tail("--from", "earliest", "--name", "organizations/tailed", "--limit", "1")
    assert first.returncode == 0, first.stderr
    assert "organization.created" in first.stdout and "organizations/tailed" in first.stdout
    token = first.stderr.split("--resume ")[1].strip()
    second = tail("--resume", token, "--name", "organizations/tailed", "--limit", "1", "--json")

    assert second.returncode == 0, second.stderr
    assert json.loads(second.stdout)["event"]["change"]["version"] == "2"
    wrong = tail("--filter", "sector = 1")
    assert wrong.returncode == 1
    assert "FILTER_NEEDS_ONE_TYPE" in wrong.stderr


@pytest.fixture
def follow(stack, tmp_path):
    """Runs the partner's example, as anew, until its copy has these versions."""
    path = str(tmp_path / "copy.json")

    def run(token: str, versions: dict[str, int]) -> follow_events.Copy:
        copy = follow_events.Copy(path)

        def is_complete() -> bool:
            return all(copy.records.get(f"organizations/{name}", {}).get("version") == version
                       for name, version in versions.items())

        with grpc.insecure_channel(stack.grpc("accounts")) as channel:
            follower = follow_events.Follower(message_class, channel, token, "accounts", copy)
            patience = threading.Timer(FOLLOW_S, channel.close)
            patience.start()
            try:
                while not is_complete():
                    follower.follow_once(is_complete)
            finally:
                patience.cancel()
        return follow_events.Copy(path)

    return run


def test_the_partners_example_keeps_a_copy_over_restarts(stack, connect, follow):
    tenant = "00000000-0000-4000-8000-0000000e7e05"
    api = connect("*", tenant=tenant)
    token = stack.issuer.mint(user="users/partner", tenant=tenant)
    for number in range(3):
        create(api, f"copied-{number}")

    follow(token, {"copied-0": 1, "copied-1": 1, "copied-2": 1})
    rename(api, "copied-1", sector="changed")
    api.call("accounts.v1.OrganizationService/DeleteOrganization",
             {"name": "organizations/copied-2", "request_id": request_id()})
    create(api, "copied-3")

    copy = follow(token, {"copied-1": 2, "copied-2": 2, "copied-3": 1})

    assert len(copy.records) == 4
    assert copy.records["organizations/copied-2"]["record"] is None
    organization = message_class("lotura.accounts.v1.Organization").FromString(
        bytes.fromhex(copy.records["organizations/copied-1"]["record"]))
    assert organization.sector == "changed"


def test_the_partners_example_begins_anew_in_another_view(stack, connect, follow):
    tenant = "00000000-0000-4000-8000-0000000e7e06"
    api = connect("*", tenant=tenant)
    create(api, "shown", sector="medical")
    create(api, "hidden", sector="mining")

    def rules(wanted: str) -> list[dict]:
        return [{"record_type": "accounts.lotura/Organization", "scope": "SCOPE_ALL",
                 "access": "ACCESS_READ", "filter": wanted}]

    api.call("directory.v1.RoleService/CreateRole", {"role_id": "partner", "role": {
        "display_name": "Partner", "record_rules": rules('sector = "medical"'),
        "permissions": ["accounts.organizations.read", "events.streams.read"]}})
    api.call("directory.v1.UserService/CreateUser",
             {"user_id": "partner", "user": {"display_name": "Partner"}})
    api.call("directory.v1.RoleAssignmentService/CreateRoleAssignment",
             {"role_assignment": {"role": "roles/partner", "member": "users/partner"}})
    token = stack.issuer.mint(user="users/partner", tenant=tenant, permissions=None)
    with Client(stack.grpc("accounts"), token) as client:
        assert wait_until(lambda: may_follow(client), 30)

    assert set(follow(token, {"shown": 1}).records) == {"organizations/shown"}
    api.call("directory.v1.RoleService/UpdateRole", {
        "role": {"name": "roles/partner", "record_rules": rules('sector = "mining"')},
        "update_mask": "recordRules"})

    assert set(follow(token, {"hidden": 1}).records) == {"organizations/hidden"}


def may_follow(client: Client) -> bool:
    """Which waits for the service's copy of the policies."""
    with Subscriber(client, service="accounts", start="LATEST") as stream:
        return stream.wait(lambda one: one.heartbeats, 10)
