"""Imports through the platform's own methods: rows in chunks, and what is told of each."""

import uuid
from collections.abc import Iterable, Iterator

from kit.api import Client, message_class

CHUNK_ROWS = 1000


def import_id() -> str:
    return str(uuid.uuid4())


def chunks(rows: list[dict], identity: str, *, size: int = CHUNK_ROWS, start: int = 0,
           **fields) -> Iterator[dict]:
    """The chunks of an import from the position `start` on."""
    for position in range(start, -(-len(rows) // size)):
        yield {"import_id": identity, "position": position,
               "requests": rows[position * size:(position + 1) * size], **fields}


def told(row) -> str:
    """The name of the record, or the reason why the row was refused."""
    if not row.HasField("error"):
        return row.name
    for detail in row.error.details:
        if detail.TypeName() == "google.rpc.ErrorInfo":
            return message_class("google.rpc.ErrorInfo").FromString(detail.value).reason
    raise AssertionError("an error without a reason")


def send(client: Client, method: str, parts: Iterable[dict]) -> Iterator:
    """The results of the chunks, as they come; grpc.RpcError where the stream ends with an error."""
    return client.converse(method, (client.request(method, part) for part in parts))


def run(client: Client, method: str, parts: Iterable[dict]) -> list[str]:
    """What is told of each row."""
    return [told(row) for result in send(client, method, parts) for row in result.rows]
