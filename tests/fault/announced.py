"""What a service has written down and what it has announced: read past it, and compared.

The journal comes from PostgreSQL by psycopg2, the topic from Kafka by kcat; nothing here knows how
the platform does it.
"""

import io
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psycopg2

from devkit.process import wait_until
from devkit.stack import Stack

READ_SECONDS = 120
PUBLISH_SECONDS = 180
# Two lengths, the headers, then key and value, which are bytes.
FORMAT = "%K %S\n%h\n%k%s\n"
SHOWN_MAX = 10
# Header "trial" of a record that a trial itself put on the topic.
POISON = "poison"
# Whose records those are.
POISON_TENANT = "00000000-0000-4000-8000-0000000000f8"
UNPUBLISHED = """
SELECT count(*) FROM {0}.journal j
WHERE NOT EXISTS (SELECT 1 FROM {0}.relay_cursor c WHERE c.relay = 'kafka'
  AND (j.xid, j.seq) <= (c.xid, c.seq))"""


@dataclass(frozen=True)
class Sources:
    """Where the tables and the topics of an installation are."""

    postgres: str
    kafka: str

    @staticmethod
    def of(stack: Stack) -> "Sources":
        return Sources(stack.postgres.conninfo(), stack.kafka.brokers)


@dataclass(frozen=True)
class Version:
    """One version of one record, and the event that tells of it."""

    record: str  # "<tenant>/<name>"
    number: int
    event_id: str


def query(sources: Sources, sql: str) -> list[tuple]:
    connection = psycopg2.connect(sources.postgres)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()
    finally:
        connection.close()


def journal_of(sources: Sources, service: str) -> list[Version]:
    """All versions that the service has committed, in no order."""
    rows = query(sources, "SELECT tenant_id || '/' || name, version, event_id::text "
                        f"FROM {service}.journal")
    return [Version(*row) for row in rows]


def deliveries_of(sources: Sources, service: str) -> list[Version]:
    """All that stands on the service's topic; a record's versions in the order of delivery."""
    answer = subprocess.run(
        ["kcat", "-b", sources.kafka, "-C", "-t", f"lotura.{service}.v1", "-o", "beginning",
         "-e", "-q", "-f", FORMAT], capture_output=True, check=True, timeout=READ_SECONDS)
    return list(_parse(io.BytesIO(answer.stdout)))


def _parse(stream: io.BytesIO) -> Iterator[Version]:
    # Here, so that the comparison below can be tried without the .proto files.
    from kit.api import message_class

    change = message_class("lotura.events.v1.Change")
    while lengths := stream.readline():
        key_size, value_size = (int(text) for text in lengths.split())
        headers = stream.readline()
        key, value = stream.read(key_size), stream.read(value_size)
        stream.readline()
        if f"trial={POISON}".encode() in headers:
            continue
        event_id = re.search(rb"(?:^|,)ce_id=([^,\s]+)", headers).group(1)
        yield Version(key.decode(), change.FromString(value).version, event_id.decode())


def faults(journal: Iterable[Version], deliveries: Iterable[Version]) -> list[str]:
    """What is wrong; nothing if each version has one event, delivered in the order of versions.

    Deliveries may be repeated: what counts of an event is its first one.
    """
    journal, first = list(journal), list(dict.fromkeys(deliveries))
    return [*_shared_events(journal, first), *_gaps(journal), *_differences(journal, first)]


def _shared_events(*sources: list[Version]) -> Iterator[str]:
    told = defaultdict(set)
    for versions in sources:
        for version in versions:
            told[version.event_id].add((version.record, version.number))
    for event_id, versions in told.items():
        if len(versions) > 1:
            yield f"event {event_id} tells of {sorted(versions)}"


def _numbers(versions: list[Version]) -> dict[str, list[int]]:
    numbers = defaultdict(list)
    for version in versions:
        numbers[version.record].append(version.number)
    return numbers


def _gaps(journal: list[Version]) -> Iterator[str]:
    for record, numbers in _numbers(journal).items():
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            yield f"the journal holds {sorted(numbers)} of {record}"


def _differences(journal: list[Version], first: list[Version]) -> Iterator[str]:
    written, announced = _numbers(journal), _numbers(first)
    for record in written.keys() | announced.keys():
        if sorted(written[record]) != announced[record]:
            yield f"{sorted(written[record])} of {record} were announced as {announced[record]}"
    known = set(journal)
    for version in first:
        if version not in known:
            yield f"{version} was announced but never written"


def await_published(sources: Sources, service: str, seconds: float = PUBLISH_SECONDS) -> None:
    """Waits until the relay says that the broker has everything."""
    behind = UNPUBLISHED.format(service)
    assert wait_until(lambda: query(sources, behind)[0][0] == 0, seconds), (
        f"{service} has {query(sources, behind)[0][0]} unpublished entries after {seconds} s")


def unhandled(sources: Sources, consumer: str, source: str) -> int:
    """How many events of the service `source` "communications.changes" does not remember."""
    service, name = consumer.split(".")
    missing = f"""SELECT count(*) FROM {source}.journal j WHERE NOT EXISTS (
        SELECT 1 FROM {service}.inbox i WHERE i.tenant_id = j.tenant_id AND i.consumer = '{name}'
        AND i.event_id = j.event_id)"""
    return query(sources, missing)[0][0]


def await_handled(sources: Sources, consumer: str, source: str,
                  seconds: float = PUBLISH_SECONDS) -> None:
    """Waits until the consumer remembers every event of the service `source`."""
    assert wait_until(lambda: unhandled(sources, consumer, source) == 0, seconds), (
        f"{consumer} has not handled {unhandled(sources, consumer, source)} events of {source}")


def check(sources: Sources, service: str) -> int:
    """Asserts that what the service wrote and what it announced agree; returns the versions."""
    await_published(sources, service)
    journal = journal_of(sources, service)
    found = faults(journal, deliveries_of(sources, service))
    assert not found, f"{service}: {len(found)} faults, such as {found[:SHOWN_MAX]}"
    return len(journal)
