"""ARCHIVE: the sealed journal in an object store that speaks S3."""

import subprocess
import uuid
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.message import Message

from devkit.console import Failure
from devkit.process import wait_until
from devkit.services import TOGETHER
from devkit.stack import Arrangement, Stack
from kit.api import Client
from kit.object_store import BUCKET, KEY_ID, SECRET, ObjectStore

from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = ("the sealed journal in an object store that speaks S3: not there at first, then with what was written meanwhile, "
         "then under a wrong secret")
SECONDS = 60
PEOPLE = 40
ARRIVAL_S = 60
VERIFY_S = 60
CREATE = "lotura.accounts.v1.PersonService/CreatePerson"
CHECKPOINT = "lotura.audit.v1.AuditService/GetAuditCheckpoint"
PREFIX = "crm"
UNARCHIVED = "the sealed journal could not be archived"


def settings(store: ObjectStore, secret: str = SECRET) -> dict[str, str]:
    return {"LOTURA_AUDIT_ARCHIVE": f"s3://{BUCKET}/{PREFIX}",
            "LOTURA_AUDIT_ARCHIVE_ENDPOINT": store.url, "LOTURA_AUDIT_ARCHIVE_REGION": "eu-central-1",
            "LOTURA_AUDIT_ARCHIVE_KEY_ID": KEY_ID, "LOTURA_AUDIT_ARCHIVE_SECRET": secret}


def write_sealed(stack: Stack, token: str, tenant: str) -> None:
    with Client(stack.grpc("accounts"), token) as accounts:
        for number in range(PEOPLE):
            accounts.call(CREATE, person={"display_name": f"Person {number}"})
    if not wait_until(lambda: unsealed(stack, tenant) == 0, ARRIVAL_S):
        raise Failure("what was written was never sealed.")


def unsealed(stack: Stack, tenant: str) -> int:
    """How many of the tenant's entries no seal covers."""
    return int(stack.postgres.query(
        f"SELECT (SELECT count(*) FROM accounts.journal WHERE tenant_id = '{tenant}') - "
        "(SELECT coalesce(sum(length(digests)), 0) / 32 FROM accounts.audit_seal "
        f"WHERE tenant_id = '{tenant}')"))


def unarchived(stack: Stack, tenant: str) -> bool:
    return stack.postgres.query(
        "SELECT coalesce(max(s.number), 0) > coalesce(max(a.number), 0) "
        "FROM accounts.audit_seal s LEFT JOIN accounts.audit_archive a USING (tenant_id) "
        f"WHERE s.tenant_id = '{tenant}'") == "t"


def await_archived(stack: Stack, tenant: str) -> None:
    if not wait_until(lambda: unsealed(stack, tenant) == 0 and not unarchived(stack, tenant),
                      ARRIVAL_S):
        raise Failure("what was sealed never came into the archive.")


def restart(stack: Stack, variables: dict[str, str]) -> None:
    """An archiver looks at once when its process begins."""
    stack.variables |= variables
    member = stack.member(TOGETHER)
    member.stop()
    member.start()
    member.wait_ready()


def verify(trial: Trial, stack: Stack, objects: list[Path], checkpoint: Message) -> str:
    """What an auditor is told who has the objects, the public key and a checkpoint."""
    kept = trial.directory / "checkpoint.json"
    kept.write_text(json_format.MessageToJson(checkpoint, preserving_proto_field_name=True,
                                              indent=None), encoding="utf-8")
    done = subprocess.run(
        [str(stack.surroundings().binaries / "lotura"), "audit", "verify", *map(str, objects), "--key",
         str(stack.place.secrets / "audit.public"), "--checkpoint", str(kept)],
        capture_output=True, text=True, timeout=VERIFY_S, check=False)
    return done.stdout


def run(trial: Trial) -> list[Criterion]:
    tenant = str(uuid.UUID(int=trial.seed, version=4))
    with ObjectStore(trial.directory) as store:
        stack = trial.stack()
        stack.variables |= settings(store)
        with stack:
            stack.start_backends()
            stack.start_services(Arrangement.TOGETHER)
            token = stack.issuer.mint(tenant=tenant)
            write_sealed(stack, token, tenant)
            restart(stack, {})
            early = wait_until(lambda: UNARCHIVED in stack.member(TOGETHER).log.read_text("utf-8"),
                               ARRIVAL_S)
            store.start()
            await_archived(stack, tenant)
            write_sealed(stack, token, tenant)
            restart(stack, {})
            await_archived(stack, tenant)
            with Client(stack.grpc("accounts"), token) as accounts:
                checkpoint = accounts.call(CHECKPOINT, service="accounts")
            objects = sorted((store.objects / PREFIX / "accounts" / tenant).glob("*.jsonl"))
            told = verify(trial, stack, objects, checkpoint)
            write_sealed(stack, token, tenant)
            restart(stack, settings(store, "another secret"))
            log = stack.member(TOGETHER).log
            refused = wait_until(lambda: "SignatureDoesNotMatch" in log.read_text("utf-8"),
                                 ARRIVAL_S)
    trial.figures |= {"objects": len(objects), "verify": told.strip()}
    return [Criterion("told that the store was away", int(bool(early)), "==", 1),
            Criterion("objects", len(objects), ">=", 2),
            Criterion("entries that verify without the database",
                      int(f"{2 * PEOPLE} entries: all as they were sealed" in told), "==", 1),
            Criterion("a wrong secret is refused and told", int(bool(refused)), "==", 1)]
