"""Calls and what comes back of them: every byte, whichever way it came."""

import time
from dataclasses import dataclass, field

import grpc

from kit.api import DETAILS, OPTIONS, POOL, message_class

CALL_S = 20
STREAM_S = 60.0
# The machine was too busy, or a server on its way: nothing was decided.
UNDECIDED = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED", "UNKNOWN")


@dataclass
class Reply:
    """The answer to a call, or the error, and when it was asked and had come."""

    begin: float
    end: float
    answer: object = None
    code: str = "OK"
    text: str = ""
    trailers: dict[str, bytes] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.code == "OK"

    @property
    def decided(self) -> bool:
        return self.code not in UNDECIDED

    @property
    def details(self) -> list:
        """The messages in the error's details."""
        return details_of(self.trailers.get(DETAILS, b""))

    @property
    def reason(self) -> str:
        return reason_of(self.details)

    @property
    def raw(self) -> bytes:
        """All that was told."""
        answer = b"" if self.answer is None else self.answer.SerializeToString()
        parts = [answer, self.text.encode()]
        return b"\n".join([*parts, *self.trailers.values()])


def details_of(status: bytes) -> list:
    found = message_class("google.rpc.Status").FromString(status).details
    return [message_class(one.TypeName()).FromString(one.value) for one in found]


def reason_of(details: list) -> str:
    return next((one.reason for one in details
                 if one.DESCRIPTOR.full_name == "google.rpc.ErrorInfo"), "")


def violations_of(details: list) -> dict[str, str]:
    """The reasons by field."""
    return {violation.field: violation.reason for one in details
            if one.DESCRIPTOR.full_name == "google.rpc.BadRequest"
            for violation in one.field_violations}


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


class Door:
    """Calls the services with anybody's token. Thread-safe."""

    def __init__(self, addresses: dict[str, str]):
        self._channels = {service: grpc.insecure_channel(address, options=OPTIONS)
                          for service, address in addresses.items()}

    def ask(self, service: str, method: str, request, token: str) -> Reply:
        descriptor = _method(method)
        stub = self._channels[service].unary_unary(f"/{method}", **_coding(descriptor))
        begin = time.monotonic()
        try:
            answer, call = stub.with_call(request, timeout=CALL_S, metadata=_bearer(token))
        except grpc.RpcError as error:
            return failed(begin, error)
        return Reply(begin, time.monotonic(), answer, trailers=_trailers(call))

    def converse(self, service: str, method: str, requests, token: str,
                 seconds: float | None = None):
        """The call with streams both ways; its answers are iterated over. Without seconds it lasts
        until it is canceled."""
        descriptor = _method(method)
        stub = self._channels[service].stream_stream(f"/{method}", **_coding(descriptor))
        return stub(requests, timeout=seconds, metadata=_bearer(token))

    def ask_stream(self, service: str, method: str, requests: list, token: str) -> list[Reply]:
        """A reply for each answer, and one for the error, if the stream ends with one."""
        begin = time.monotonic()
        replies = []
        call = self.converse(service, method, iter(requests), token, STREAM_S)
        try:
            for answer in call:
                replies.append(Reply(begin, time.monotonic(), answer))
        except grpc.RpcError as error:
            replies.append(failed(begin, error))
        return replies

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()


def failed(begin: float, error: grpc.RpcError) -> Reply:
    """The call that ended so."""
    return Reply(begin, time.monotonic(), None, error.code().name, error.details() or "",
                 _trailers(error))


def _trailers(call) -> dict[str, bytes]:
    return {key: _bytes(value) for key, value in call.trailing_metadata() or ()}


def _bearer(token: str) -> tuple:
    return (("authorization", f"Bearer {token}"),)


def _method(method: str):
    service, name = method.split("/")
    return POOL.FindServiceByName(service).methods_by_name[name]


def _coding(descriptor) -> dict:
    answer = message_class(descriptor.output_type.full_name)
    return {"request_serializer": lambda message: message.SerializeToString(),
            "response_deserializer": answer.FromString}
