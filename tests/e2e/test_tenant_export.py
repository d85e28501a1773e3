"""A tenant's records come out as files, and into another tenant again."""

import hashlib
import json
import subprocess

import pytest
from google.protobuf import json_format

from devkit.command_line import CommandLine
from devkit.process import wait_until
from kit import imports
from kit.api import POOL, Client, message_class

SOURCE = "00000000-0000-4000-8000-00000000e2e1"
TARGET = "00000000-0000-4000-8000-00000000e2e2"
SERVICE = "lotura.accounts.v1."
IMPORTS = {"accounts.Organization": f"{SERVICE}OrganizationService/ImportOrganizations",
           "accounts.Person": f"{SERVICE}PersonService/ImportPeople",
           "accounts.Affiliation": f"{SERVICE}AffiliationService/ImportAffiliations"}
SINGULAR = {"accounts.Organization": "organization", "accounts.Person": "person",
            "accounts.Affiliation": "affiliation"}
# What the engine gives anew.
OWN = ("etag", "create_time", "update_time")
ORGANIZATIONS, PEOPLE = 1200, 40
EXPORT_S = 120


@pytest.fixture(scope="module")
def filled(stack):
    with Client(stack.grpc("accounts"), stack.issuer.mint(tenant=SOURCE)) as client:
        organizations = [{"organization_id": f"o{number}", "organization": {
            "display_name": f"Organization {number}", "sector": "medical",
            "annual_revenue": {"currency_code": "EUR", "units": number}}}
            for number in range(ORGANIZATIONS)]
        people = [{"person_id": f"p{number}", "person": {
            "display_name": f"Person {number}", "email": f"p{number}@export.example"}}
            for number in range(PEOPLE)]
        links = [{"affiliation_id": f"a{number}", "affiliation": {
            "person": f"people/p{number}", "organization": f"organizations/o{number}"}}
            for number in range(PEOPLE)]
        for kind, rows in (("accounts.Organization", organizations), ("accounts.Person", people),
                           ("accounts.Affiliation", links)):
            told = imports.run(client, IMPORTS[kind],
                               imports.chunks(rows, imports.import_id()))
            assert all("/" in one for one in told), told


def export(stack, directory, tenant: str, **identity) -> subprocess.CompletedProcess:
    client = CommandLine(stack, user="users/exporter", tenant=tenant, **identity)
    return subprocess.run(client.command("tenant", "export", directory), capture_output=True,
                          env=client.environment, text=True, timeout=EXPORT_S, check=False)


def lines(directory, kind: str) -> list[dict]:
    text = (directory / f"{kind}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def content(record: dict) -> dict:
    return {name: value for name, value in record.items() if name not in OWN}


def test_what_comes_out_of_one_tenant_goes_into_another(stack, filled, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    done = export(stack, first, SOURCE)
    assert done.returncode == 0, done.stderr

    with Client(stack.grpc("accounts"), stack.issuer.mint(tenant=TARGET)) as client:
        for kind, method in IMPORTS.items():
            rows = [{f"{SINGULAR[kind]}_id": record["name"].rpartition("/")[2],
                     SINGULAR[kind]: message(kind, content(record))}
                    for record in lines(first, kind)]
            told = imports.run(client, method, imports.chunks(rows, imports.import_id()))
            assert all("/" in one for one in told), told
    done = export(stack, second, TARGET)
    assert done.returncode == 0, done.stderr

    assert len(lines(first, "accounts.Organization")) == ORGANIZATIONS
    for kind in IMPORTS:
        assert list(map(content, lines(first, kind))) == list(map(content, lines(second, kind)))


def message(kind: str, fields: dict):
    """The record of a line, as the row of an import holds it."""
    one = message_class(f"lotura.accounts.v1.{kind.partition('.')[2]}")()
    return json_format.ParseDict(fields, one, descriptor_pool=POOL)


def test_the_manifest_tells_what_each_file_holds(stack, filled, tmp_path):
    directory = tmp_path / "export"
    assert export(stack, directory, SOURCE).returncode == 0

    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))

    files = {one["type"]: one for one in manifest["files"]}
    assert files["accounts.lotura/Organization"]["records"] == ORGANIZATIONS
    for one in files.values():
        data = (directory / one["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == one["sha256"]
        assert (len(data), data.count(b"\n")) == (one["bytes"], one["records"])
    assert manifest["left_out"] == []
    assert {path.stat().st_mode & 0o077 for path in (directory, *directory.iterdir())} == {0}
    assert all(manifest["positions"][service] for service in ("accounts", "sales", "directory"))


def test_a_run_that_was_killed_goes_on(stack, filled, tmp_path):
    directory = tmp_path / "killed"
    client = CommandLine(stack, user="users/exporter", tenant=SOURCE)
    command = client.command("tenant", "export", directory, "--page-size", 10)
    running = subprocess.Popen(command, env=client.environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    begun = directory / "accounts.Organization.jsonl"
    assert wait_until(lambda: begun.exists() and begun.stat().st_size > 0, EXPORT_S)
    running.kill()
    running.wait(EXPORT_S)
    assert not (directory / "manifest.json").exists()

    done = export(stack, directory, SOURCE)

    assert done.returncode == 0, done.stderr
    names = [record["name"] for record in lines(directory, "accounts.Organization")]
    assert len(names) == len(set(names)) == ORGANIZATIONS


def test_what_the_caller_may_not_read_is_left_out(stack, filled, tmp_path):
    directory = tmp_path / "partly"
    done = export(stack, directory, SOURCE, permissions=("accounts.organizations.read",))

    assert done.returncode == 0, done.stderr
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    assert [one["type"] for one in manifest["files"]] == ["accounts.lotura/Organization"]
    assert "accounts.lotura/Person" in [one["type"] for one in manifest["left_out"]]
    assert manifest["positions"]["accounts"] is None
