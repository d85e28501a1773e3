"""Every cell of docs/refusals.md, tried on running services, all of them in one process."""

import pytest

from authorization.refusals import Attack, cells
from devkit.stack import Arrangement, Stack
from conftest import BINARIES
from fault.attacks import Attacker, all_differences

GET = "lotura.accounts.v1.OrganizationService/GetOrganization"
BEYOND_GRPC = 17 << 20
SHOWN_MAX = 20


@pytest.fixture(scope="module")
def attacker(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack"), BINARIES) as stack:
        stack.start_backends()
        stack.start_services(Arrangement.TOGETHER)
        made = Attacker(stack, seed=1)
        yield made
        made.close()


def test_every_attack_ends_as_declared(attacker):
    count, wrong = all_differences(attacker)

    assert wrong == [], "\n".join([f"{len(wrong)} of {count} cells differ", *wrong[:SHOWN_MAX]])


def test_what_does_not_end_as_declared_is_told(attacker):
    row, _, _ = next(one for one in cells(attacker.catalog) if one[0].rpc.path == GET)

    (wrong,) = attacker.attempt(row, Attack.EXPIRED, Attack.EARLY.outcome)

    assert "TOKEN_EXPIRED" in wrong


def test_grpc_itself_refuses_what_no_service_takes(attacker):
    rpc = next(one for one in attacker.catalog.rpcs if one.path == GET)

    told = attacker.send(rpc, b"x" * BEYOND_GRPC)

    assert (told.code, told.reason) == ("RESOURCE_EXHAUSTED", "")
