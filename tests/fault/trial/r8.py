"""R8: records come malformed, of unknown types, twice, and in the wrong order."""

import io
import random
import re
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from devkit.process import wait_until
from devkit.stack import Stack
from kit.api import message_class

from fault.announced import POISON, POISON_TENANT, Sources, query
from fault.trial.figures import Criterion
from fault.trial.history import CREATE, UPDATE
from fault.trial.nemesis import WARM_UP_S
from fault.trial.supervisor import Supervisor, Trial, run_under

TITLE = "of the records 0.1 % malformed, 0.1 % of unknown types, 1 % repeated, 1 % in the wrong order"
SECONDS = 90
RATE = 200.0
TOPIC = "lotura.accounts.v1"
MALFORMED, UNKNOWN, REPEATED, SWAPPED = 0.001, 0.001, 0.01, 0.01
ROUND_S = 2.0
RECENT = 40  # Of each partition, whence records are taken.
STALL_S = 1.0
FORMAT = "%p %K %S\n%h\n%k%s\n"
KCAT_S = 30
LOOK_S = 5
FOLLOW_S = 10
# How long the oldest change that has no effect yet had waited when it was looked for: a look may
# take long itself.
WAITING = """SELECT coalesce(extract(epoch FROM now() - min(j.create_time)), 0)::float8
FROM accounts.journal j WHERE j.create_time > now() - interval '20 seconds' AND NOT EXISTS (
  SELECT 1 FROM communications.inbox i WHERE i.tenant_id = j.tenant_id AND i.consumer = 'timeline'
  AND i.event_id = j.event_id)"""
LETTERS = f"""SELECT count(*), count(*) FILTER (WHERE reason = '') FROM communications.dead_letter
WHERE consumer = 'timeline' AND tenant_id = '{POISON_TENANT}'"""
# The version that sales knows of records whose events came in the wrong order.
KNOWN = f"""SELECT split_part(name, '/', 5), version FROM sales.foreign_record
WHERE tenant_id = '{POISON_TENANT}' AND name LIKE '%/swapped-%'"""


@dataclass(frozen=True)
class Record:
    partition: int
    headers: tuple[str, ...]
    key: bytes
    value: bytes

    def header(self, name: str) -> str:
        return next(one.split("=", 1)[1] for one in self.headers if one.startswith(f"{name}="))

    def with_headers(self, **changed: str) -> "Record":
        kept = [one for one in self.headers if one.split("=", 1)[0] not in changed]
        return Record(self.partition, (*kept, *(f"{name}={value}" for name, value
                                                in changed.items())), self.key, self.value)


@dataclass
class Poisoner:
    """Reads what was announced lately, and puts more on the topic beside the relay."""

    directory: Path
    sent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(
        ("malformed", "unknown", "repeated", "swapped"), 0))
    stall_s: float = 0.0
    newest: dict[str, int] = field(default_factory=dict)  # Of records in the wrong order.

    def __call__(self, supervisor: Supervisor) -> None:
        brokers = supervisor.stack.kafka.brokers
        sources = Sources.of(supervisor.stack)
        chance = supervisor.trial.chance("poison")
        each_round = {kind: part * supervisor.trial.rate_or(RATE) * ROUND_S for kind, part in (
            ("malformed", MALFORMED), ("unknown", UNKNOWN), ("repeated", REPEATED),
            ("swapped", SWAPPED))}
        supervisor.rest(WARM_UP_S)
        owed = dict.fromkeys(each_round, 0.0)
        while supervisor.rest(0.1):
            recent = recent_of(brokers)
            for kind, count in each_round.items():
                owed[kind] += count
                while owed[kind] >= 1 and recent:
                    self._send(brokers, kind, recent, chance)
                    owed[kind] -= 1
            self._watch(supervisor, sources)

    def _watch(self, supervisor: Supervisor, sources: Sources) -> None:
        end = time.monotonic() + ROUND_S
        while time.monotonic() < end and supervisor.rest(0.2):
            self.stall_s = max(self.stall_s, query(sources, WAITING)[0][0])

    def _send(self, brokers: str, kind: str, recent: list[Record], chance: random.Random) -> None:
        made = {"malformed": self._malformed, "unknown": self._unknown,
                "repeated": lambda seen, _: [chance.choice(seen)],
                "swapped": self._swapped}[kind](recent, chance)
        self.sent[kind] += bool(made)
        for record in made:
            produce(brokers, record, self.directory / "value")

    def _malformed(self, recent: list[Record], chance: random.Random) -> list[Record]:
        record = chance.choice(recent)
        name = f"organizations/malformed-{self.sent['malformed']}"
        made = record.with_headers(ce_id=_event_id(chance), ce_subject=name, ce_tenant=POISON_TENANT,
                                   trial=POISON)
        return [Record(record.partition, made.headers, f"{POISON_TENANT}/{name}".encode(),
                       b"\xff" + chance.randbytes(40))]

    def _unknown(self, recent: list[Record], chance: random.Random) -> list[Record]:
        record = chance.choice(recent)
        name = f"gadgets/unknown-{self.sent['unknown']}"
        made = record.with_headers(
            ce_id=_event_id(chance), ce_subject=name, ce_type="lotura.accounts.gadget.created.v1",
            ce_dataschema="type.googleapis.com/lotura.accounts.v1.Gadget", ce_tenant=POISON_TENANT,
            trial=POISON)
        return [Record(record.partition, made.headers, f"{POISON_TENANT}/{name}".encode(),
                       record.value.replace(b"accounts.v1.Organization",
                                            b"accounts.v1.Gadgetgadget"))]

    def _swapped(self, recent: list[Record], chance: random.Random) -> list[Record]:
        """Events of a record that nobody else tells of, the newer one first; none without a pair."""
        pairs = pairs_of(recent)
        if not pairs:
            return []
        older, newer = chance.choice(pairs)
        name = f"organizations/swapped-{self.sent['swapped']}"
        self.newest[f"swapped-{self.sent['swapped']}"] = version_of(newer)
        return [Record(one.partition, one.with_headers(
            ce_id=_event_id(chance), ce_subject=name, ce_tenant=POISON_TENANT,
            trial=POISON).headers, f"{POISON_TENANT}/{name}".encode(), one.value)
            for one in (newer, older)]


def version_of(record: Record) -> int:
    return message_class("lotura.events.v1.Change").FromString(record.value).version


def pairs_of(recent: list[Record]) -> list[tuple[Record, Record]]:
    """Two versions of one record, the older one first."""
    last: dict[bytes, Record] = {}
    pairs = []
    for record in recent:
        if record.key in last:
            pairs.append((last[record.key], record))
        last[record.key] = record
    return pairs


def _event_id(chance: random.Random) -> str:
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def recent_of(brokers: str) -> list[Record]:
    """The newest records of each partition; none if the broker takes its time."""
    command = ["kcat", "-b", brokers, "-C", "-t", TOPIC, "-o", str(-RECENT), "-e", "-q", "-f",
               FORMAT]
    try:
        answer = subprocess.run(command, capture_output=True, check=True, timeout=LOOK_S)
    except subprocess.TimeoutExpired:
        return []
    stream, found = io.BytesIO(answer.stdout), []
    while sizes := stream.readline():
        partition, key_size, value_size = (int(text) for text in sizes.split())
        headers = stream.readline().decode().rstrip("\n")
        key, value = stream.read(key_size), stream.read(value_size)
        stream.readline()
        if f"trial={POISON}" not in headers:
            found.append(Record(partition, tuple(re.split(r",(?=[\w-]+=)", headers)), key, value))
    return found


def produce(brokers: str, record: Record, file: Path) -> None:
    file.write_bytes(record.value)
    headers = [word for one in record.headers for word in ("-H", one)]
    subprocess.run(["kcat", "-b", brokers, "-P", "-t", TOPIC, "-p", str(record.partition), "-k",
                    record.key.decode(), *headers, str(file)], check=True, timeout=KCAT_S,
                   capture_output=True)


def outdated(stack: Stack, newest: dict[str, int]) -> list[str]:
    """Records of which sales knows another version than the newest one."""
    known = dict(query(Sources.of(stack), KNOWN))
    return [name for name, version in newest.items() if known.get(name) != version]


def run(trial: Trial) -> list[Criterion]:
    rate = trial.rate_or(RATE)
    nemesis = Poisoner(trial.directory)
    with trial.stack() as stack:
        report = run_under(trial, stack, {CREATE: rate / 2, UPDATE: rate / 2}, nemesis)
        ((letters, without_reason),) = query(Sources.of(stack), LETTERS)
        # Only the timeline's consumer was waited for.
        wait_until(lambda: not outdated(stack, nemesis.newest), FOLLOW_S)
        wrong = len(outdated(stack, nemesis.newest))
    trial.figures |= {f"sent: {kind}": count for kind, count in nemesis.sent.items()}
    return [*report.safety(),
            *(Criterion(f"sent {kind}", count, ">", 0) for kind, count in nemesis.sent.items()),
            Criterion("malformed records that are no dead letters",
                      nemesis.sent["malformed"] - letters, "==", 0),
            Criterion("records in the wrong order whose newest version is not known", wrong, "==",
                      0),
            Criterion("dead letters without a reason", without_reason, "==", 0),
            Criterion("s that a change waited for its effect at most", nemesis.stall_s, "<=",
                      STALL_S)]
