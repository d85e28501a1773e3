"""READS: who was shown what is in the log of reads, whatever was killed."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from devkit.console import Failure
from devkit.process import wait_until
from devkit.stack import Arrangement, Stack
from kit.api import Client

from fault.trial.callers import Callers
from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = ("people and organizations are read, listed and changed, while accounts, PostgreSQL, and accounts during an outage of "
         "PostgreSQL are killed in turn")
SECONDS = 60
CALLERS = 6
CALL_S = 5.0
RECORDS = 200
PAGE = 20
EVERY_S = 3.0
# Longer than the time after which answers wait for what is not on disk.
OUTAGE_S = 1.5
# What nobody waits for: what a crash may lose was shown within so long. Callers saw it a moment later.
LOST_WITHIN_S = 1.0
ARRIVAL_S = 0.3
SETTLE_S = 30
TENANT = "00000000-0000-4000-8000-00000000d1e5"
ACCOUNTS = "lotura.accounts.v1."
GET_PERSON = f"{ACCOUNTS}PersonService/GetPerson"
GET_ORGANIZATION = f"{ACCOUNTS}OrganizationService/GetOrganization"
SEARCH = "lotura.audit.v1.AuditService/SearchReads"
SEARCH_S = 60
SEARCH_PAGE = 1000
WAITING = "lotura_audit_reads_waiting"


@dataclass(frozen=True)
class Shown:
    """An answer that arrived: by which trace id it is known, what it showed, and when it came."""

    trace_id: str
    method: str
    names: frozenset[str]
    at: float

    def is_in(self, noted: dict[tuple[str, str], set[str]]) -> bool:
        return self.names <= noted.get((self.trace_id, self.method), set())


@dataclass
class Reader:
    """Calls a random method that shows people, or organizations without what belongs to a person."""

    accounts: Client
    people: list[str]
    organizations: list[str]
    chance: random.Random
    personal: list[Shown] = field(default_factory=list)
    others: list[Shown] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> None:
        with self._lock:
            method, fields, kept, names = self._choose()
            trace_id = f"{self.chance.getrandbits(128):032x}"
        answer = self.accounts.call(method, seconds=CALL_S, trace_id=trace_id, **fields)
        shown = Shown(trace_id, method, frozenset(names(answer)), time.monotonic())
        with self._lock:
            kept.append(shown)

    def _choose(self) -> tuple[str, dict, list[Shown], Callable]:
        person, organization = self.chance.choice(self.people), self.chance.choice(self.organizations)
        some = self.chance.sample(self.people, PAGE)
        return self.chance.choice((
            (GET_PERSON, {"name": person}, self.personal, _itself),
            (f"{ACCOUNTS}PersonService/BatchGetPeople", {"names": some}, self.personal, _people),
            (f"{ACCOUNTS}PersonService/ListPeople", {"page_size": PAGE}, self.personal, _people),
            (f"{ACCOUNTS}PersonService/UpdatePerson", self._change(person), self.personal, _itself),
            (GET_ORGANIZATION, {"name": organization}, self.others, _itself),
            (f"{ACCOUNTS}OrganizationService/ListOrganizations", {"page_size": PAGE}, self.others,
             lambda answer: [one.name for one in answer.organizations])))

    def _change(self, person: str) -> dict:
        return {"person": {"name": person, "given_name": f"Given {self.chance.random()}"},
                "update_mask": {"paths": ["given_name"]}}


def _itself(answer) -> list[str]:
    return [answer.name]


def _people(answer) -> list[str]:
    return [one.name for one in answer.people]


@dataclass
class Killing:
    """What is killed, and when accounts was."""

    stack: Stack
    load: Callers
    accounts_at: list[float] = field(default_factory=list)
    database: int = 0

    def run(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for kill in (self._kill_accounts, self._kill_database, self._kill_both):
                self.load.go_on(EVERY_S)
                kill()

    def _kill_accounts(self) -> None:
        service = self.stack.member("accounts")
        service.kill()
        self.accounts_at.append(time.monotonic())
        service.start()
        service.wait_ready()

    def _kill_database(self, then: Callable[[], None] = lambda: None) -> None:
        self.database += 1
        self.stack.postgres.kill()
        self.load.go_on(OUTAGE_S)
        then()
        self.stack.postgres.start()
        self.stack.postgres.wait_ready()

    def _kill_both(self) -> None:
        """Accounts dies with reads that it could not note."""
        service = self.stack.member("accounts")
        self._kill_database(then=service.kill)
        self.accounts_at.append(time.monotonic())
        service.start()
        service.wait_ready()


def create(accounts: Client, kind: str, content: Callable[[int], dict]) -> list[str]:
    service = f"{ACCOUNTS}{kind}Service/Create{kind}"
    return [accounts.call(service, request_id=str(uuid.uuid4()),
                          **{kind.lower(): content(number)}).name for number in range(RECORDS)]


def noted_reads(stack: Stack) -> dict[tuple[str, str], set[str]]:
    """What an auditor finds: the records that were shown, by trace id and method."""
    token = stack.issuer.mint(user="users/auditor", tenant=TENANT,
                              permissions=("audit.reads.search",))
    found: dict[tuple[str, str], set[str]] = {}
    page_token = ""
    with Client(stack.grpc("accounts"), token) as auditor:
        while True:
            page = auditor.call(SEARCH, service="accounts", page_size=SEARCH_PAGE,
                                page_token=page_token, seconds=SEARCH_S)
            for entry in page.entries:
                found.setdefault((entry.trace_id, entry.method), set()).update(entry.names)
            page_token = page.next_page_token
            if not page_token:
                return found


def await_written(stack: Stack) -> None:
    def waiting() -> bool:
        lines = stack.exposition("accounts").splitlines()
        return any(line.startswith(WAITING) and float(line.rsplit(" ", 1)[1]) > 0 for line in lines)

    if not wait_until(lambda: not waiting(), SETTLE_S):
        raise Failure("what was shown was never written.")


def spans_of_losses(lost: list[Shown], kills: list[float]) -> list[float]:
    """Of each kill, between the first and the last of the answers that it cost."""
    spans = []
    for before, kill in zip((0.0, *kills), kills, strict=False):
        cost = [shown.at for shown in lost if before < shown.at - ARRIVAL_S <= kill]
        spans.append(max(cost) - min(cost) if cost else 0.0)
    return spans


def run(trial: Trial) -> list[Criterion]:
    with trial.stack(LOTURA_READ_AUDIT="all") as stack:
        stack.start_backends(Arrangement.SEPARATE)
        stack.start_services(Arrangement.SEPARATE)
        with Client(stack.grpc("accounts"), stack.issuer.mint(tenant=TENANT)) as accounts:
            reader = Reader(
                accounts, chance=trial.chance("reads"),
                people=create(accounts, "Person", lambda number: {"display_name": f"Person {number}"}),
                organizations=create(accounts, "Organization",
                                     lambda number: {"display_name": f"Organization {number}"}))
            with Callers(reader, threads=CALLERS) as load:
                killing = Killing(stack, load)
                killing.run(trial.seconds)
        await_written(stack)
        noted = noted_reads(stack)
    missing = [shown for shown in reader.personal if not shown.is_in(noted)]
    lost = [shown for shown in reader.others if not shown.is_in(noted)]
    spans = spans_of_losses(lost, killing.accounts_at)
    trial.figures |= {"answers with personal fields": len(reader.personal),
                      "other answers": len(reader.others), "failures": load.told(),
                      "kills of accounts": len(killing.accounts_at),
                      "kills of PostgreSQL": killing.database,
                      "kills that cost an answer that did not wait": sum(span > 0 for span in spans)}
    return [Criterion("answers with personal fields that are not noted", len(missing), "==", 0),
            Criterion("s within which the others were shown that a kill cost", max(spans), "<=",
                      LOST_WITHIN_S + ARRIVAL_S),
            Criterion("of the others lost without a kill",
                      sum(shown.at - ARRIVAL_S > killing.accounts_at[-1] for shown in lost), "==", 0),
            # Whoever sees no loss at all looks the wrong way.
            Criterion("of the others lost by kills", len(lost), ">", 0),
            Criterion("answers that were kept back, since they could not be noted",
                      load.failed["READ_NOT_NOTED"], ">", 0),
            Criterion("answers", load.answered, ">", 100 * trial.seconds)]
