"""Calls of the platform's methods from Python: messages are built from the .proto files."""

import subprocess
import tempfile
import uuid
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

from devkit import artifacts
from devkit.layout import ROOT

INCLUDES = (ROOT / "proto", artifacts.googleapis().path, Path("/usr/share/grpc-proto"),
            Path("/usr/include"))
FURTHER_PROTOS = ("grpc/health/v1/health.proto", "grpc/reflection/v1/reflection.proto",
                  "grpc/reflection/v1alpha/reflection.proto",
                  "google/rpc/status.proto", "google/rpc/error_details.proto")
CALL_SECONDS = 30
COMPILE_SECONDS = 120
DETAILS = "grpc-status-details-bin"
SPAN_ID = "00f067aa0ba902b7"  # Of the caller, in a trace that he began.
# Nothing is repeated behind the caller's back, loopback is never reached through a proxy, and each
# client has a connection of its own. The minimum is also what an attempt to connect may take: many
# that begin at once need more than the pauses between them.
OPTIONS = (("grpc.use_local_subchannel_pool", 1),
           ("grpc.enable_retries", 0), ("grpc.enable_http_proxy", 0),
           ("grpc.max_reconnect_backoff_ms", 200), ("grpc.initial_reconnect_backoff_ms", 50),
           ("grpc.min_reconnect_backoff_ms", 1000))


def _load_protos() -> descriptor_pool.DescriptorPool:
    root = ROOT / "proto"
    own = sorted(str(path.relative_to(root)) for path in root.rglob("*.proto"))
    pool = descriptor_pool.DescriptorPool()
    with tempfile.NamedTemporaryFile(suffix=".pb") as compiled:
        subprocess.run(["protoc", *(f"-I{path}" for path in INCLUDES), "--include_imports",
                        f"--descriptor_set_out={compiled.name}", *own, *FURTHER_PROTOS],
                       check=True, timeout=COMPILE_SECONDS)
        files = descriptor_pb2.FileDescriptorSet.FromString(Path(compiled.name).read_bytes())
    for file in files.file:
        pool.Add(file)
    return pool


POOL = _load_protos()
_FACTORY = message_factory.MessageFactory(POOL)


def message_class(full_name: str):
    """The class of a message, such as "lotura.events.v1.Change"."""
    return _FACTORY.GetPrototype(POOL.FindMessageTypeByName(full_name))


def request_id() -> str:
    return str(uuid.uuid4())


class Refused(Exception):
    """A typed error: code, reason and the fields that are wrong."""

    def __init__(self, error: grpc.RpcError):
        self.code = error.code()
        self.infos = []  # Reasons of all ErrorInfo; a typed error has one.
        self.metadata: dict[str, str] = {}
        self.fields: dict[str, str] = {}  # Reasons by field.
        # Pairs of either API; what the asynchronous one gives looks like a mapping, and is none.
        trailers = dict(iter(error.trailing_metadata() or ()))
        for detail in message_class("google.rpc.Status").FromString(
                trailers.get(DETAILS, b"")).details:
            content = message_class(detail.TypeName()).FromString(detail.value)
            if detail.TypeName() == "google.rpc.ErrorInfo":
                self.infos.append(content.reason)
                self.metadata |= content.metadata
            if detail.TypeName() == "google.rpc.BadRequest":
                self.fields = {item.field: item.reason for item in content.field_violations}
        super().__init__(f"{self.code.name} {self.reason}: {error.details()}")

    @property
    def reason(self) -> str:
        """Empty if the error did not come from a handler of ours."""
        return self.infos[0] if self.infos else ""


class Client:
    """Calls one address with one token, in plain text without credentials. Thread-safe."""

    def __init__(self, address: str, token: str,
                 credentials: grpc.ChannelCredentials | None = None):
        self._channel = (grpc.insecure_channel(address, options=OPTIONS) if credentials is None
                         else grpc.secure_channel(address, credentials, options=OPTIONS))
        self._metadata = (("authorization", f"Bearer {token}"),)

    def request(self, method: str, fields: dict | None = None):
        """The request message of "lotura.sales.v1.OpportunityService/GetOpportunity"."""
        descriptor = self._method(method)
        return _FACTORY.GetPrototype(descriptor.input_type)(**(fields or {}))

    def call(self, method: str, request=None, *, seconds: float = CALL_SECONDS,
             trace_id: str = "", **fields):
        """The answer to a unary call, which may be part of a trace; grpc.RpcError if it fails."""
        descriptor = self._method(method)
        stub = self._channel.unary_unary(**self._coding(method, descriptor))
        message = self.request(method, fields) if request is None else request
        trace = (("traceparent", f"00-{trace_id}-{SPAN_ID}-00"),) if trace_id else ()
        return stub(message, timeout=seconds, metadata=self._metadata + trace)

    def watch(self, method: str, **fields):
        """The answers of a method that answers one request with a stream."""
        stub = self._channel.unary_stream(**self._coding(method, self._method(method)))
        return stub(self.request(method, fields), metadata=self._metadata)

    def converse(self, method: str, requests):
        """The answers of a method with streams in both directions."""
        stub = self._channel.stream_stream(**self._coding(method, self._method(method)))
        return stub(requests, metadata=self._metadata)

    def await_connection(self, seconds: float = CALL_SECONDS) -> None:
        """Waits until the address takes connections, also after its process was replaced."""
        grpc.channel_ready_future(self._channel).result(timeout=seconds)

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


class Api:
    """Calls the methods of several services with dictionaries, the JSON form of the messages."""

    def __init__(self, endpoints: dict[str, str], token: str):
        self._clients = {service: Client(address, token) for service, address in endpoints.items()}

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def call(self, method: str, request: dict) -> dict:
        """`method` is "sales.v1.OpportunityService/GetOpportunity"; Refused for an error."""
        client = self._clients[method.split(".")[0]]
        full = f"lotura.{method}"
        message = json_format.ParseDict(request, client.request(full), descriptor_pool=POOL)
        try:
            answer = client.call(full, message)
        except grpc.RpcError as error:
            raise Refused(error) from None
        return json_format.MessageToDict(answer, preserving_proto_field_name=True,
                                         descriptor_pool=POOL)

    def list_all(self, method: str, items: str, request: dict) -> list[dict]:
        """The items of all pages."""
        found, token = [], ""
        while True:
            page = self.call(method, request | {"page_token": token})
            found += page.get(items, [])
            token = page.get("next_page_token", "")
            if not token:
                return found
