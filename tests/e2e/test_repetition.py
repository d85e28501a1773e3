"""Many callers at once with the same key, the same etag: one of them writes.

The same request_id in every way is trial R2 of tests/fault.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from kit.api import Client, Refused, request_id

SERVICE = "lotura.accounts.v1.OrganizationService"
TENANT = "00000000-0000-4000-8000-00000000e2e7"
CALLERS = 64  # Each has a connection of its own.
CALLS = 1000
UPDATES = 200
DONE = "OK"


@pytest.fixture(scope="module")
def clients(stack):
    token = stack.issuer.mint(user="users/partner", tenant=TENANT)
    made = [Client(stack.grpc("accounts"), token) for _ in range(CALLERS)]
    yield made
    for client in made:
        client.close()


def in_parallel(clients, method: str, requests: list[dict]) -> list[tuple[str, object]]:
    """For each request DONE and the answer, or the code with its reason and nothing."""

    def call(number: int) -> tuple[str, object]:
        try:
            return DONE, clients[number % len(clients)].call(f"{SERVICE}/{method}",
                                                             **requests[number])
        except grpc.RpcError as error:
            refused = Refused(error)
            # The transport's own failures have no reason.
            return f"{refused.code.name} {refused.reason or error.details()}", None

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(call, range(len(requests))))


def outcomes(results: list[tuple[str, object]]) -> Counter:
    return Counter(outcome for outcome, _ in results)


def count(stack, sql: str) -> int:
    return int(stack.postgres.query(
        f"SELECT count(*) FROM accounts.{sql} AND tenant_id = '{TENANT}'"))


def test_a_thousand_creations_with_one_match_key_make_one_record(clients, stack):
    requests = [{"request_id": request_id(),
                 "organization": {"display_name": f"Twin {number}", "domain": "twins.example"}}
                for number in range(CALLS)]

    results = in_parallel(clients, "CreateOrganization", requests)

    assert outcomes(results) == {DONE: 1, "ALREADY_EXISTS MATCH_KEY_TAKEN": CALLS - 1}
    assert count(stack, "organization WHERE domain = 'twins.example'") == 1


def test_of_parallel_updates_with_one_etag_one_wins(clients, stack):
    created = clients[0].call(f"{SERVICE}/CreateOrganization", organization_id="contended",
                              organization={"display_name": "Before"})
    requests = [{"update_mask": {"paths": ["display_name"]}, "organization": {
        "name": created.name, "etag": created.etag, "display_name": f"After {number}"}}
        for number in range(UPDATES)]

    results = in_parallel(clients, "UpdateOrganization", requests)

    assert outcomes(results) == {DONE: 1, "ABORTED STALE_ETAG": UPDATES - 1}
    assert count(stack, "journal WHERE name = 'organizations/contended'") == 2
