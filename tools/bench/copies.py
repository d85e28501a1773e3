"""Tables as files in PostgreSQL's binary form, and back: what writing their rows costs alone."""

import time
from pathlib import Path

import psycopg2

from bench.rig import Rig

# Bytes that the client hands on at once.
BLOCK = 1 << 20


class Copies:
    """The rows of some tables, kept in a directory."""

    def __init__(self, rig: Rig, tables: tuple[str, ...], directory: Path):
        self._rig = rig
        self._files = {table: directory / f"{table}.copy" for table in tables}

    def take(self) -> int:
        """Keeps what the tables hold now, whatever was kept before; returns how many rows."""
        rows = 0
        with psycopg2.connect(self._rig.conninfo) as connection, connection.cursor() as cursor:
            for table, path in self._files.items():
                with path.open("wb") as file:
                    # In the order in which they lie there.
                    cursor.copy_expert(f"COPY (SELECT * FROM {table}) TO STDOUT (FORMAT binary)",
                                       file, size=BLOCK)
                rows += cursor.rowcount
        return rows

    def seconds_to_write(self) -> float:
        """Writes what was kept over one connection, a transaction for each table."""
        connection = psycopg2.connect(self._rig.conninfo)
        try:
            began = time.monotonic()
            for table, path in self._files.items():
                with connection, connection.cursor() as cursor, path.open("rb") as file:
                    cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT binary)", file, size=BLOCK)
            return time.monotonic() - began
        finally:
            connection.close()
