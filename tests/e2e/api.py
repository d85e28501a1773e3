"""A partner's client: python3-grpcio with messages made of the protos when the test runs."""

import os
import subprocess
import uuid
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 30


def googleapis() -> Path:
    """Where google/api and its neighbors are: as the build was told, or in the tools' cache."""
    told = os.environ.get("LOTURA_GOOGLEAPIS_DIR")
    if told:
        return Path(told)
    from devkit import artifacts  # Only here: whoever sets the variable needs no tools.

    return artifacts.googleapis().path


class Refused(Exception):
    """A typed error: code, reason and the fields that are wrong."""

    def __init__(self, code: grpc.StatusCode, message: str, reason: str, fields: dict[str, str]):
        super().__init__(f"{code.name} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.fields = fields  # Reasons by field.


class Protos:
    """All messages and methods, compiled by protoc into `directory`."""

    def __init__(self, directory: Path):
        protos = [str(path.relative_to(ROOT / "proto"))
                  for path in sorted((ROOT / "proto" / "lotura").rglob("*.proto"))]
        target = directory / "lotura.protoset"
        subprocess.run(["protoc", f"-I{ROOT / 'proto'}", f"-I{googleapis()}", "-I/usr/include",
                        "--include_imports", f"--descriptor_set_out={target}", *protos,
                        "google/rpc/status.proto", "google/rpc/error_details.proto"],
                       check=True, timeout=120)
        files = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())
        self._pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self._pool.Add(file)
        self._factory = message_factory.MessageFactory(self._pool)

    def message(self, name: str):
        """The class of a message, by its full name."""
        return self._factory.GetPrototype(self._pool.FindMessageTypeByName(name))

    def method(self, name: str):
        """The descriptor of `package.Service/Method`."""
        service, _, method = name.partition("/")
        return self._pool.FindServiceByName(service).FindMethodByName(method)

    @property
    def pool(self) -> descriptor_pool.DescriptorPool:
        return self._pool


class Api:
    """Calls methods with dictionaries, in the JSON form of the messages."""

    def __init__(self, protos: Protos, endpoints: dict[str, str], token: str):
        self._protos = protos
        self._token = token
        self._channels = {service: grpc.insecure_channel(address)
                          for service, address in endpoints.items()}

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def call(self, method: str, request: dict) -> dict:
        """`method` is "sales.v1.OpportunityService/GetOpportunity"; Refused for an error."""
        full = f"lotura.{method}"
        descriptor = self._protos.method(full)
        message = json_format.ParseDict(request, self._protos.message(
            descriptor.input_type.full_name)(), descriptor_pool=self._protos.pool)
        answer_class = self._protos.message(descriptor.output_type.full_name)
        send = self._channels[method.split(".")[0]].unary_unary(
            f"/{full}", request_serializer=lambda value: value.SerializeToString(),
            response_deserializer=answer_class.FromString)
        try:
            answer = send(message, timeout=DEADLINE_S,
                          metadata=(("authorization", f"Bearer {self._token}"),))
        except grpc.RpcError as error:
            raise self._refused(error) from None
        return json_format.MessageToDict(answer, preserving_proto_field_name=True,
                                         descriptor_pool=self._protos.pool)

    def _refused(self, error: grpc.RpcError) -> Refused:
        trailers = dict(error.trailing_metadata() or ())
        status = self._protos.message("google.rpc.Status").FromString(
            trailers.get("grpc-status-details-bin", b""))
        reason, fields = "", {}
        for detail in status.details:
            content = self._protos.message(detail.TypeName()).FromString(detail.value)
            if detail.TypeName() == "google.rpc.ErrorInfo":
                reason = content.reason
            if detail.TypeName() == "google.rpc.BadRequest":
                fields = {item.field: item.reason for item in content.field_violations}
        return Refused(error.code(), error.details(), reason, fields)

    def list_all(self, method: str, items: str, request: dict) -> list[dict]:
        """The items of all pages."""
        found, token = [], ""
        while True:
            page = self.call(method, request | {"page_token": token})
            found += page.get(items, [])
            token = page.get("next_page_token", "")
            if not token:
                return found


def request_id() -> str:
    return str(uuid.uuid4())
