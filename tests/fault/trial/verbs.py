"""Verbs: the check of versions finds a verb that writes without the guard of the version it read."""

import random
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg2

from bench.rig import Rig, accounts
from fault.announced import Sources, Version, await_published, deliveries_of, faults, journal_of
from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial
from kit.api import Client

TITLE = ("verbs that change the same records: one under the guard of the version that it read, one "
         "that locks and writes what it finds, one that writes blindly; the last two must be found")
SECONDS = 30
TENANT = "00000000-0000-4000-8000-000000fa0e02"
WRITERS = 16
RECORDS = 20
VERSIONS_MIN = 100
PAUSE_MAX_S = 0.04
CREATE = "lotura.accounts.v1.OrganizationService/CreateOrganization"
VERSION = "SELECT version FROM accounts.organization WHERE tenant_id = %s AND name = %s"
# What the first write of a transaction does as well: from here on its place among the events stands.
TAKE_PLACE = "SELECT pg_current_xact_id()"
ADVANCE = ("UPDATE accounts.organization SET version = %s WHERE tenant_id = %s AND name = %s")
# As the engine does: what it replaces is what it read.
GUARD = " AND version = %s"
# What the creation of the record says, once more as another version.
ANNOUNCE = """
INSERT INTO accounts.journal (tenant_id, event_id, name, type, resource_type, version, kind, after_plain, after_personal)
SELECT tenant_id, gen_random_uuid(), name, type, resource_type, %s, kind, after_plain, after_personal
FROM accounts.journal WHERE tenant_id = %s AND name = %s AND version = 1 LIMIT 1"""


class Transaction:
    """One transaction of a verb about one record."""

    def __init__(self, cursor, name: str, pause_s: float):
        self._cursor = cursor
        self._record = (TENANT, name)
        self._pause_s = pause_s

    def version(self, lock: str = "") -> int:
        self._cursor.execute(VERSION + lock, self._record)
        return self._cursor.fetchone()[0]

    def take_place(self) -> None:
        """Then others overtake it."""
        self._cursor.execute(TAKE_PLACE)
        self._cursor.execute("SELECT pg_sleep(%s)", (self._pause_s,))

    def write(self, version: int, guard: str = "", *guarded: int) -> None:
        """Nothing if the guard does not hold."""
        self._cursor.execute(ADVANCE + guard, (version, *self._record, *guarded))
        if self._cursor.rowcount == 1:
            self._cursor.execute(ANNOUNCE, (version, *self._record))


def guarded(transaction: Transaction) -> None:
    read = transaction.version()
    transaction.take_place()
    transaction.write(read + 1, GUARD, read)


def locking(transaction: Transaction) -> None:
    """Loses no update, and yet its event may have its place before that of the version before."""
    transaction.take_place()
    transaction.write(transaction.version(lock=" FOR UPDATE") + 1)


def blind(transaction: Transaction) -> None:
    read = transaction.version()
    transaction.take_place()
    transaction.write(read + 1)


Verb = Callable[[Transaction], None]
VERBS: tuple[Verb, ...] = (guarded, locking, blind)


@dataclass(frozen=True)
class Found:
    """What the check says of the records of one verb."""

    versions: int
    faults: int
    faults_of_journal: int  # Those that would be there had all been announced in order.


def names_of(verb: Verb) -> list[str]:
    return [f"organizations/{verb.__name__}-{number}" for number in range(RECORDS)]


def _create(rig: Rig) -> None:
    client = Client(rig.target, rig.stack.issuer.mint(tenant=TENANT))
    try:
        for verb in VERBS:
            for name in names_of(verb):
                client.call(CREATE, organization_id=name.partition("/")[2],
                            request_id=str(uuid.uuid4()), organization={"display_name": name})
    finally:
        client.close()


def _write(conninfo: str, verb: Verb, chance: random.Random, end: threading.Event) -> None:
    connection = psycopg2.connect(conninfo)
    try:
        while not end.is_set():
            with connection, connection.cursor() as cursor:
                verb(Transaction(cursor, chance.choice(names_of(verb)),
                                 chance.uniform(0, PAUSE_MAX_S)))
    finally:
        connection.close()


def _write_for(trial: Trial, rig: Rig, verb: Verb, seconds: float) -> None:
    end = threading.Event()
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        writers = [pool.submit(_write, rig.stack.postgres.conninfo(), verb,
                               trial.chance(f"{verb.__name__}/{number}"), end)
                   for number in range(WRITERS)]
        end.wait(seconds)
        end.set()
        for writer in writers:
            writer.result()


def _judge(verb: Verb, journal: list[Version], deliveries: list[Version]) -> Found:
    records = {f"{TENANT}/{name}" for name in names_of(verb)}
    written = [version for version in journal if version.record in records]
    told = [version for version in deliveries if version.record in records]
    in_order = sorted(written, key=lambda version: (version.record, version.number))
    return Found(len(written), len(faults(written, told)), len(faults(written, in_order)))


def run(trial: Trial) -> list[Criterion]:
    with accounts(trial.directory / "stack") as rig:
        _create(rig)
        for verb in VERBS:
            _write_for(trial, rig, verb, trial.seconds / len(VERBS))
        rig.release_lease()
        sources = Sources.of(rig.stack)
        await_published(sources, "accounts")
        journal, deliveries = journal_of(sources, "accounts"), deliveries_of(sources, "accounts")
    found = {verb: _judge(verb, journal, deliveries) for verb in VERBS}
    trial.figures |= {f"{verb.__name__}: faults": one.faults for verb, one in found.items()}
    return [*(Criterion(f"{verb.__name__}: versions", one.versions, ">", VERSIONS_MIN)
              for verb, one in found.items()),
            Criterion("guarded: faults", found[guarded].faults, "==", 0),
            Criterion("locking: faults found", found[locking].faults, ">", 0),
            Criterion("locking: of these without a look at the topic",
                      found[locking].faults_of_journal, "==", 0),
            Criterion("blind: faults found", found[blind].faults, ">", 0)]
