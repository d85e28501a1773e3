"""An import outlives kills of the service that it goes to: every row is there once, with one event."""

import random

import grpc

from fault.announced import Sources, check, query
from kit import imports
from kit.api import Client

METHOD = "lotura.accounts.v1.PersonService/ImportPeople"
SEED = 3
ROWS = 20_000
CHUNK_ROWS = 250
KILLS = 6
ATTEMPTS_MAX = 20


def rows() -> list[dict]:
    return [{"person": {"display_name": f"Person {number}", "email": f"p{number}@import.example"}}
            for number in range(ROWS)]


class Import:
    """Goes on behind the last position that was answered, as often as the stream breaks."""

    def __init__(self, stack):
        self._stack = stack
        self._chance = random.Random(SEED)
        self._identity = imports.import_id()
        self._rows = rows()
        self.told: dict[int, list[str]] = {}
        self.kills = 0

    def run(self) -> None:
        for _ in range(ATTEMPTS_MAX):
            if self._attempt():
                return
            self._stack.member("accounts").wait_ready()
        raise AssertionError("the import does not end")

    def _attempt(self) -> bool:
        """Whether it came to its end."""
        parts = imports.chunks(self._rows, self._identity, size=CHUNK_ROWS, start=len(self.told))
        kill_after = self._chance.randint(3, 9) if self.kills < KILLS else -1
        with Client(self._stack.grpc("accounts"), self._stack.issuer.mint()) as client:
            try:
                for number, result in enumerate(imports.send(client, METHOD, parts)):
                    self.told[result.position] = [imports.told(row) for row in result.rows]
                    if number == kill_after:
                        self._kill()
            except grpc.RpcError:
                return False
        return True

    def _kill(self) -> None:
        self.kills += 1
        accounts = self._stack.member("accounts")
        accounts.kill()
        accounts.start()

    def again(self) -> list[str]:
        """What a repetition from the first row on is told."""
        with Client(self._stack.grpc("accounts"), self._stack.issuer.mint()) as client:
            return imports.run(client, METHOD,
                               imports.chunks(self._rows, self._identity, size=CHUNK_ROWS))


def test_every_row_is_there_once_after_kills(stack):
    importing = Import(stack)

    importing.run()

    assert importing.kills == KILLS
    names = [name for _, told in sorted(importing.told.items()) for name in told]
    assert len(names) == len(set(names)) == ROWS
    assert all(name.startswith("people/") for name in names)
    counted = query(Sources.of(stack), "SELECT count(*), count(DISTINCT email) FROM "
                    "accounts.person WHERE email LIKE '%@import.example'")
    assert counted == [(ROWS, ROWS)]
    assert importing.again() == names
    assert check(Sources.of(stack), "accounts") >= ROWS
