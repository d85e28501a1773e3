"""The sealed log as an auditor meets it: brought out, verified elsewhere, and what somebody changed in the database found."""

import json
import re
import uuid

import pytest

from devkit.process import wait_until

SEALED_S = 30


@pytest.fixture(scope="module")
def tenant():
    """A tenant whose log nothing else writes."""
    return str(uuid.uuid4())


@pytest.fixture(scope="module")
def people(connect, stack, tenant):
    api = connect("*", tenant=tenant)
    names = [api.call("accounts.v1.PersonService/CreatePerson",
                      {"person": {"display_name": f"Person {number}"}})["name"]
             for number in range(12)]
    api.call("accounts.v1.PersonService/UpdatePerson",
             {"person": {"name": names[3], "display_name": "Renamed"}})
    sealed = ("SELECT coalesce(sum(length(digests)), 0) / 32 FROM accounts.audit_seal "
              f"WHERE tenant_id = '{tenant}'")
    # What is changed in the journal before it is published would never be.
    published = ("SELECT count(*) FROM accounts.journal j JOIN accounts.relay_cursor c ON c.relay = 'kafka' "
                 f"AND (j.xid, j.seq) <= (c.xid, c.seq) WHERE j.tenant_id = '{tenant}'")
    for count in (sealed, published):
        assert wait_until(lambda count=count: stack.postgres.query(count) == str(len(names) + 1),
                          SEALED_S), count
    return names


@pytest.fixture
def auditor(stack, people, tenant, lotura, tmp_path):
    """Runs `lotura audit` for the tenant; `verify` knows the public key."""
    token = tmp_path / "token"
    token.write_text(stack.issuer.mint(user="users/auditor", tenant=tenant,
                                       permissions=("audit.logs.export", "audit.checkpoints.read")))
    key = stack.place.secrets / "audit.public"

    class Auditor:
        def export(self) -> str:
            done = lotura("audit", "export", "accounts", "--token-file", str(token))
            assert done.returncode == 0, done.stderr
            return done.stdout

        def checkpoint(self) -> str:
            done = lotura("audit", "checkpoint", "accounts", "--token-file", str(token))
            assert done.returncode == 0, done.stderr
            return done.stdout

        def verify(self, log: str, checkpoint: str = ""):
            (tmp_path / "log.jsonl").write_text(log)
            (tmp_path / "checkpoint.json").write_text(checkpoint)
            kept = ("--checkpoint", str(tmp_path / "checkpoint.json")) if checkpoint else ()
            return lotura("audit", "verify", str(tmp_path / "log.jsonl"), "--key", str(key), *kept)

    return Auditor()


@pytest.fixture
def tamper(stack, tenant):
    """Changes the tenant's rows in the database; afterwards all is as it was."""
    def run(statement: str) -> None:
        stack.postgres.query(f"SET search_path = accounts; {statement}")

    tables = ("journal", "audit_seal")
    for table in tables:
        run(f"CREATE TABLE saved_{table} AS SELECT * FROM {table} WHERE tenant_id = '{tenant}'")
    yield lambda statement: run(f"{statement} AND tenant_id = '{tenant}'")
    for table in tables:
        run(f"DELETE FROM {table} WHERE tenant_id = '{tenant}'; "
            f"INSERT INTO {table} SELECT * FROM saved_{table}; DROP TABLE saved_{table}")


def test_a_log_that_nobody_changed_verifies(auditor, people):
    done = auditor.verify(auditor.export(), auditor.checkpoint())

    assert done.returncode == 0, done.stdout
    assert f"{len(people) + 1} entries: all as they were sealed" in done.stdout


def test_the_log_says_who_did_what(auditor):
    entries = [entry for line in auditor.export().splitlines()
               for entry in json.loads(line)["entries"]]

    assert {entry["actor"] for entry in entries} == {"users/partner"}
    assert [entry["changed_fields"] for entry in entries if entry["version"] == "2"] == ["display_name"]


def test_without_the_permission_nothing_is_exported(lotura, stack, tenant, people, tmp_path):
    token = tmp_path / "token"
    token.write_text(stack.issuer.mint(user="users/curious", tenant=tenant,
                                       permissions=("accounts.*",)))

    done = lotura("audit", "export", "accounts", "--token-file", str(token))

    assert done.returncode == 1
    assert "audit.logs.export" in done.stderr


def test_a_byte_that_somebody_changed_is_found(auditor, tamper, people):
    tamper("UPDATE journal SET after_personal = set_byte(after_personal, 2, 0) "
           f"WHERE version = 1 AND name = '{people[5]}'")

    done = auditor.verify(auditor.export())

    assert done.returncode == 1
    assert f"({people[5]}, version 1) was changed" in done.stdout


def test_a_row_that_somebody_deleted_is_found(auditor, tamper, people):
    tamper(f"DELETE FROM journal WHERE name = '{people[7]}'")

    done = auditor.verify(auditor.export())

    assert done.returncode == 1
    assert re.search(r"^seal \d+: entry \d+ of \d+ is missing", done.stdout, re.MULTILINE)


def test_a_tail_that_somebody_cut_off_is_found_by_a_checkpoint(auditor, tamper):
    checkpoint = auditor.checkpoint()
    number = json.loads(checkpoint)["number"]
    tamper(f"DELETE FROM audit_seal WHERE number = {number}")

    done = auditor.verify(auditor.export(), checkpoint)

    assert done.returncode == 1
    assert f"seal {number}: it is missing" in done.stdout


def test_nothing_is_vouched_for_that_cannot_be_read(auditor, lotura, stack, tmp_path):
    log = auditor.export()
    key = str(stack.place.secrets / "audit.public")

    assert auditor.verify("").returncode == 2
    assert auditor.verify(log, checkpoint="\n").returncode == 2
    assert lotura("audit", "verify", str(tmp_path), "--key", key).returncode == 2


def test_who_was_shown_and_who_changed_a_person_is_found(connect, stack, tenant, lotura, people, tmp_path):
    token = tmp_path / "token"
    token.write_text(stack.issuer.mint(user="users/auditor", tenant=tenant,
                                       permissions=("audit.reads.search", "audit.changes.search")))
    reader = connect("accounts.*", user="users/reader", tenant=tenant)
    reader.call("accounts.v1.PersonService/GetPerson", {"name": people[2]})
    reader.call("accounts.v1.PersonService/ListPeople", {})

    def search(*words: str) -> list[dict]:
        done = lotura("audit", *words, "--token-file", str(token))
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    # Noted before they were answered: no wait is needed.
    reads = search("reads", "accounts", "--record", people[2], "--who", "users/reader")
    assert [read["method"].rpartition("/")[2] for read in reads] == ["GetPerson", "ListPeople"]
    assert all(read["names"] == [people[2]] for read in reads)
    assert all("display_name" in read["personal_fields"] for read in reads)
    changes = search("changes", "accounts", "--record", people[3])
    assert [change["changed_fields"] for change in changes if change["version"] == "2"] == ["display_name"]
    assert search("reads", "accounts", "--who", "users/nobody") == []
