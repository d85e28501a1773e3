"""The statements of a service as PostgreSQL sees them, with their parameters."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from devkit.stack import Stack

_EXECUTED = re.compile(r"LOG:  duration: [0-9.]+ ms  execute [^:]*: (.*)\Z", re.DOTALL)
_DETAIL = re.compile(r"DETAIL:  parameters: (.*)\Z", re.DOTALL)
_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\d )", re.MULTILINE)
_PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
_ARRAYS = re.compile(r"FROM unnest\(([^()]*)\)\s+AS \w\(([^()]*)\)")


@dataclass(frozen=True)
class Statement:
    """Text with $1 ..., and each parameter as an SQL literal without a type."""

    text: str
    parameters: dict[int, str]

    def arrays(self) -> dict[int, tuple[str, str]]:
        """Column and type of each parameter that is unnested: {3: ("unit", "bigint[]")}."""
        found = {}
        for parameters, columns in _ARRAYS.findall(self.text):
            for parameter, column in zip(parameters.split(","), columns.split(","), strict=True):
                number, type_name = parameter.strip().lstrip("$").split("::")
                found[int(number)] = (column.strip(), type_name)
        return found

    def filled(self, values: dict[int, str]) -> str:
        """The text with an expression in the place of each parameter."""
        return re.sub(r"\$(\d+)", lambda match: f"({values[int(match[1])]})", self.text)


def statements_of(log: str) -> list[Statement]:
    """What was executed with parameters, from a log that has durations of all statements."""
    found = []
    text = None
    for entry in _ENTRY.split(log):
        body = entry.rstrip("\n").replace("\n\t", "\n")
        if executed := _EXECUTED.search(body):
            text = executed[1]
        elif (detail := _DETAIL.search(body)) and text is not None:
            parameters = {int(number): value for number, value in _PARAMETER.findall(detail[1])}
            found.append(Statement(text, parameters))
            text = None
    return found


def capture(stack: Stack, action: Callable[[], object]) -> list[Statement]:
    """The statements with parameters that all services execute during the action."""
    postgres = stack.postgres
    start = postgres.log.stat().st_size

    def log_durations_from(milliseconds: int) -> None:
        for sql in (f"ALTER SYSTEM SET log_min_duration_statement = {milliseconds}",
                    "SELECT pg_reload_conf(), pg_sleep(0.2)"):
            postgres.query(sql, database="postgres", user=postgres.admin)

    log_durations_from(0)
    try:
        action()
    finally:
        log_durations_from(-1)
    with postgres.log.open("rb") as log:
        log.seek(start)
        return statements_of(log.read().decode())
