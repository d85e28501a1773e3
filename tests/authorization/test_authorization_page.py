"""docs/authorization.md and docs/refusals.md are what follows from protos and roles, and no RPC is missing."""

import re

import pytest
from google.protobuf import json_format

from authorization import refusals, roles
from authorization.catalog import Catalog, Rpc
from authorization.rows import DECLARED, Incomplete, rows, undeclared
from devkit import artifacts, authorization
from devkit.layout import ROOT
from kit.api import POOL, message_class
from lint.descriptors import compile_protos

# What permissions to change something end with.
CHANGES = re.compile(r"\.(write|delete|setTimes)$")


@pytest.fixture
def catalog() -> Catalog:
    return Catalog(compile_protos(ROOT, artifacts.googleapis().path))


PAGES = (authorization.DOCUMENT, authorization.REFUSALS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_page_is_up_to_date(page):
    assert authorization.documents()[page] == page.read_text(encoding="utf-8"), \
        f"{page.name} is not what follows from protos and roles: run tools/dev authorization"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_rpc_stands_on_the_page(catalog, page):
    text = page.read_text(encoding="utf-8")

    for rpc in catalog.rpcs:
        assert f"| `{rpc.method}" in text, rpc.path


def test_an_rpc_that_nobody_declared_has_no_row(catalog):
    close = Rpc("lotura.sales.v1.OpportunityService/CloseOpportunity", "sales.opportunities.write")
    catalog.rpcs.append(close)

    assert undeclared(catalog) == [close]
    for table in (rows, refusals.cells):
        with pytest.raises(Incomplete, match="CloseOpportunity"):
            table(catalog)


def test_each_attack_can_be_made_and_each_rpc_attacked(catalog):
    found = refusals.cells(catalog)

    assert {attack for _, attack, _ in found} == set(refusals.Attack)
    assert {row.rpc.path for row, _, _ in found} == {row.rpc.path for row in rows(catalog)}
    for row, attack, outcome in found:
        assert outcome.code == "OK" or outcome.reason, (row.rpc.path, attack)


def test_a_row_whose_rpc_is_gone_is_told(catalog):
    gone = next(iter(DECLARED))
    catalog.rpcs = [rpc for rpc in catalog.rpcs if rpc.path != gone]

    with pytest.raises(Incomplete, match=gone):
        rows(catalog)


def test_roles_are_records_of_directory():
    records = roles.messages(ROOT)

    for record in records:
        message = json_format.ParseDict(record, message_class("lotura.directory.v1.Role")(),
                                        descriptor_pool=POOL)
        assert message.name and message.display_name and message.description
    names = [record["name"] for record in records]
    assert len(set(names)) == len(names)
    # Whoever creates them in this order finds what they build upon.
    for place, record in enumerate(records):
        assert record.get("base_role", names[0]) in [*names[:place], names[0]]


def test_permissions_of_roles_are_asked_for_by_some_rpc(catalog):
    known = {rpc.permission for rpc in catalog.rpcs} | {"sales.opportunities.setTimes"}
    for role in roles.resolve(roles.messages(ROOT)).values():
        assert {one for one in role.permissions if not one.endswith("*")} <= known, role.id


def test_the_auditor_reads_everything_and_writes_nothing(catalog):
    auditor = roles.resolve(roles.messages(ROOT))["auditor"]
    reads = {rpc.permission for rpc in catalog.rpcs if not CHANGES.search(rpc.permission)}

    assert auditor.permissions == reads
    assert auditor.reads_all
