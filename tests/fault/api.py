"""Calls of the platform's methods from Python: messages are built from the .proto files."""

import subprocess
import tempfile
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from devkit import artifacts
from devkit.layout import ROOT

INCLUDES = (ROOT / "proto", artifacts.googleapis().path, Path("/usr/share/grpc-proto"))
FURTHER_PROTOS = ("grpc/health/v1/health.proto", "grpc/reflection/v1alpha/reflection.proto")
CALL_SECONDS = 30
# Nothing is repeated behind the caller's back, and loopback is never reached through a proxy.
OPTIONS = (("grpc.enable_retries", 0), ("grpc.enable_http_proxy", 0),
           ("grpc.max_reconnect_backoff_ms", 200), ("grpc.initial_reconnect_backoff_ms", 50),
           ("grpc.min_reconnect_backoff_ms", 50))


def _load_protos() -> descriptor_pool.DescriptorPool:
    root = ROOT / "proto"
    own = sorted(str(path.relative_to(root)) for path in root.rglob("*.proto"))
    pool = descriptor_pool.DescriptorPool()
    with tempfile.NamedTemporaryFile(suffix=".pb") as compiled:
        subprocess.run(["protoc", *(f"-I{path}" for path in INCLUDES), "--include_imports",
                        f"--descriptor_set_out={compiled.name}", *own, *FURTHER_PROTOS], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(Path(compiled.name).read_bytes())
    for file in files.file:
        pool.Add(file)
    return pool


POOL = _load_protos()
_FACTORY = message_factory.MessageFactory(POOL)


def message_class(full_name: str):
    """The class of a message, such as "lotura.events.v1.Change"."""
    return _FACTORY.GetPrototype(POOL.FindMessageTypeByName(full_name))


class Client:
    """Calls one address with one token. Thread-safe."""

    def __init__(self, address: str, token: str):
        self._channel = grpc.insecure_channel(address, options=OPTIONS)
        self._metadata = (("authorization", f"Bearer {token}"),)

    def request(self, method: str, fields: dict | None = None):
        """The request message of "lotura.sales.v1.OpportunityService/GetOpportunity"."""
        descriptor = self._method(method)
        return _FACTORY.GetPrototype(descriptor.input_type)(**(fields or {}))

    def call(self, method: str, request=None, *, seconds: float = CALL_SECONDS, **fields):
        """The answer to a unary call; grpc.RpcError if it fails."""
        descriptor = self._method(method)
        stub = self._channel.unary_unary(**self._coding(method, descriptor))
        message = self.request(method, fields) if request is None else request
        return stub(message, timeout=seconds, metadata=self._metadata)

    def watch(self, method: str, **fields):
        """The answers of a method that answers one request with a stream."""
        stub = self._channel.unary_stream(**self._coding(method, self._method(method)))
        return stub(self.request(method, fields), metadata=self._metadata)

    def converse(self, method: str, requests):
        """The answers of a method with streams in both directions."""
        stub = self._channel.stream_stream(**self._coding(method, self._method(method)))
        return stub(requests, metadata=self._metadata)

    def close(self) -> None:
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    @staticmethod
    def _method(method: str):
        service, name = method.split("/")
        return POOL.FindServiceByName(service).methods_by_name[name]

    @staticmethod
    def _coding(method: str, descriptor) -> dict:
        answer = _FACTORY.GetPrototype(descriptor.output_type)
        return {"method": f"/{method}", "request_serializer": lambda message:
                message.SerializeToString(), "response_deserializer": answer.FromString}
