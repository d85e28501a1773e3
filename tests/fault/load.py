"""Steady writes and reads of organizations, and what became of each of them."""

import itertools
import threading
import uuid
from dataclasses import dataclass, field

import grpc

from devkit.process import wait_until
from kit.api import Client, Refused

SERVICE = "lotura.accounts.v1.OrganizationService"
PAUSE_S = 0.02
UPDATES = 20  # Of each record, before the next one is created.
RECENT = 8  # Records that readers read.
PROGRESS_SECONDS = 120
NO_REASON = "-"  # Of an error that is not typed: no service made it.


@dataclass
class Tally:
    """What callers saw."""

    writes: int = 0
    reads: int = 0
    revisions: dict[str, int] = field(default_factory=dict)  # Acknowledged, of each record.
    failures: list[str] = field(default_factory=list)  # Errors, and what was read stale.


class Load:
    """Threads that create, update and read until the block ends.

    A writer updates its own record and reads it back; the readers read the records of all. What is
    read must not be older than what was acknowledged before the reading began.
    """

    def __init__(self, address: str, token: str, writers: int = 4, readers: int = 2):
        self.tally = Tally()
        self._client = Client(address, token)
        self._end = threading.Event()
        self._mutex = threading.Lock()  # Guards the tally.
        self._threads = [*(threading.Thread(target=self._write) for _ in range(writers)),
                         *(threading.Thread(target=self._read) for _ in range(readers))]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self.await_writes(1)
        return self

    def __exit__(self, *_) -> None:
        self.end()
        self._client.close()

    def end(self) -> None:
        """Waits for the calls under way; may be called more than once."""
        self._end.set()
        for thread in self._threads:
            thread.join()

    def await_writes(self, more: int) -> None:
        """Waits until so many more writes were acknowledged."""
        goal = self.tally.writes + more
        assert wait_until(lambda: self.tally.writes >= goal, PROGRESS_SECONDS), (
            f"{self.tally.writes} of {goal} writes; {self.tally.failures[:5]}")

    def run(self, seconds: float) -> None:
        """Lets it go on."""
        self._end.wait(seconds)

    def _call(self, method: str, **fields):
        """The answer; None after a failure, which is noted."""
        try:
            return self._client.call(f"{SERVICE}/{method}", **fields)
        except grpc.RpcError as error:
            refused = Refused(error)
            self._note_failure(f"{refused.code.name} {refused.reason or NO_REASON} {method}: "
                               f"{error.details()}")
            return None

    def _write(self) -> None:
        while not self._end.is_set():
            identity = f"load-{uuid.uuid4().hex}"
            made = self._call("CreateOrganization", organization_id=identity,
                              request_id=str(uuid.uuid4()), organization={"display_name": "0"})
            if made is None:
                self._end.wait(PAUSE_S)
                continue
            self._note_write(made.name, 0)
            self._update(made)

    def _update(self, record) -> None:
        for revision in itertools.takewhile(lambda _: not self._end.wait(PAUSE_S),
                                            range(1, UPDATES + 1)):
            record = self._call(
                "UpdateOrganization", update_mask={"paths": ["display_name"]},
                request_id=str(uuid.uuid4()), organization={
                    "name": record.name, "etag": record.etag, "display_name": str(revision)})
            if record is None:
                return
            self._note_write(record.name, revision)
            self._check_read(record.name)

    def _note_write(self, name: str, revision: int) -> None:
        with self._mutex:
            self.tally.writes += 1
            self.tally.revisions[name] = revision

    def _note_failure(self, what: str) -> None:
        with self._mutex:
            self.tally.failures.append(what)

    def _read(self) -> None:
        for turn in itertools.takewhile(lambda _: not self._end.wait(PAUSE_S), itertools.count()):
            with self._mutex:
                names = list(self.tally.revisions)[-RECENT:]
            if names:
                self._check_read(names[turn % len(names)])

    def _check_read(self, name: str) -> None:
        with self._mutex:
            expected = self.tally.revisions[name]
        answer = self._call("GetOrganization", name=name)
        if answer is None:
            return
        with self._mutex:
            self.tally.reads += 1
        if int(answer.display_name) < expected:
            self._note_failure(f"STALE {name}: revision {answer.display_name} after {expected}")
