"""Rules of protos that buf cannot see, over what protoc makes of them."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from google.protobuf import descriptor_pb2

from authorization import rows
from authorization.catalog import Catalog
from lint.options import Options
from lint.tree import Finding

PERMISSION = re.compile(r"^[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+$")
# Names of fields that hold what belongs to a person.
PERSONAL = re.compile(
    r"(?:^|_)(?:emails?|phones?|given_name|family_name|birth_date|date_of_birth|passport|iban"
    r"|street|address_lines|addresses|mobile|ssn)(?:$|_)")
MONEY = re.compile(r"(?:^|_)(?:amount|price|revenue|cost|salary|total)(?:$|_)")
MONEY_TYPES = (descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
               descriptor_pb2.FieldDescriptorProto.TYPE_FLOAT)
# Field numbers within descriptor.proto, of which a source location's path is made.
FILE_MESSAGE, FILE_ENUM, FILE_SERVICE = 4, 5, 6
MESSAGE_FIELD, MESSAGE_MESSAGE, MESSAGE_ENUM = 2, 3, 4
ENUM_VALUE, SERVICE_METHOD = 2, 2


def compile_protos(root: Path, google: Path) -> descriptor_pb2.FileDescriptorSet:
    """All protos of the tree with their comments."""
    sources = sorted(str(path.relative_to(root / "proto")) for path in (root / "proto").rglob("*.proto"))
    with tempfile.TemporaryDirectory(prefix="lotura-lint-") as folder:
        out = Path(folder) / "set"
        subprocess.run(["protoc", f"-I{root / 'proto'}", f"-I{google}", "-I/usr/include",
                        "--include_imports", "--include_source_info", f"--descriptor_set_out={out}",
                        *sources], check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())


def check(files: descriptor_pb2.FileDescriptorSet) -> Iterator[Finding]:
    options = Options(files)
    ours = [file for file in files.file if file.package.startswith("lotura.")]
    rowless = {rpc.path for rpc in rows.undeclared(Catalog(files))}
    for file in ours:
        places = Places(file)
        yield from _comments(file, places)
        yield from _policies(file, places, options)
        yield from _rows(file, places, rowless)
        yield from _money(file, places)
    yield from _personal(ours, options)


class Places:
    """Lines and comments of the elements of one file, by their paths."""

    def __init__(self, file: descriptor_pb2.FileDescriptorProto):
        self.path = f"proto/{file.name}"
        self._locations = {tuple(one.path): one for one in file.source_code_info.location}

    def finding(self, path: tuple[int, ...], rule: str, what: str) -> Finding:
        location = self._locations.get(path)
        return Finding(self.path, location.span[0] + 1 if location else 1, rule, what)

    def has_comment(self, path: tuple[int, ...]) -> bool:
        location = self._locations.get(path)
        return bool(location and location.leading_comments.strip())


def messages(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str, object]]:
    """Path, full name and descriptor of every message but the entries of maps."""
    waiting = [((FILE_MESSAGE, i), f"{file.package}.{one.name}", one)
               for i, one in enumerate(file.message_type)]
    while waiting:
        path, name, message = waiting.pop()
        if message.options.map_entry:
            continue
        yield path, name, message
        waiting += [((*path, MESSAGE_MESSAGE, i), f"{name}.{one.name}", one)
                    for i, one in enumerate(message.nested_type)]


def enums(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], object]]:
    yield from (((FILE_ENUM, i), one) for i, one in enumerate(file.enum_type))
    for path, _, message in messages(file):
        yield from (((*path, MESSAGE_ENUM, i), one) for i, one in enumerate(message.enum_type))


def _comments(file: descriptor_pb2.FileDescriptorProto, places: Places) -> Iterator[Finding]:
    elements: list[tuple[tuple[int, ...], str]] = []
    for path, _, message in messages(file):
        elements.append((path, f"message {message.name}"))
        elements += [((*path, MESSAGE_FIELD, i), f"field {message.name}.{one.name}")
                     for i, one in enumerate(message.field)]
    for path, enum in enums(file):
        elements.append((path, f"enum {enum.name}"))
        elements += [((*path, ENUM_VALUE, i), f"value {one.name}")
                     for i, one in enumerate(enum.value)]
    for i, service in enumerate(file.service):
        elements.append(((FILE_SERVICE, i), f"service {service.name}"))
        elements += [((FILE_SERVICE, i, SERVICE_METHOD, k), f"rpc {one.name}")
                     for k, one in enumerate(service.method)]
    for path, what in elements:
        if not places.has_comment(path):
            yield places.finding(path, "proto-comment", what)


def _policies(file: descriptor_pb2.FileDescriptorProto, places: Places,
              options: Options) -> Iterator[Finding]:
    for i, service in enumerate(file.service):
        for k, method in enumerate(service.method):
            policy = options.of(method.options, "lotura.options.v1.rpc")
            path = (FILE_SERVICE, i, SERVICE_METHOD, k)
            if policy is None or not policy.permission:
                yield places.finding(path, "proto-policy", f"{method.name} has no permission")
            elif not PERMISSION.match(policy.permission):
                yield places.finding(path, "proto-policy",
                                     f"{method.name} needs '{policy.permission}'")
            elif policy.permission.split(".")[0] != file.package.split(".")[1]:
                yield places.finding(path, "proto-policy",
                                     f"{method.name} needs '{policy.permission}' of another service")


def _rows(file: descriptor_pb2.FileDescriptorProto, places: Places,
          rowless: set[str]) -> Iterator[Finding]:
    for i, service in enumerate(file.service):
        for k, method in enumerate(service.method):
            if f"{file.package}.{service.name}/{method.name}" in rowless:
                yield places.finding((FILE_SERVICE, i, SERVICE_METHOD, k), "proto-authorization",
                                     f"{method.name} has no row")


def _money(file: descriptor_pb2.FileDescriptorProto, places: Places) -> Iterator[Finding]:
    for path, _, message in messages(file):
        for i, one in enumerate(message.field):
            if one.type in MONEY_TYPES and MONEY.search(one.name):
                yield places.finding((*path, MESSAGE_FIELD, i), "proto-money",
                                     f"{message.name}.{one.name} is a floating-point number")


def _personal(files: list[descriptor_pb2.FileDescriptorProto], options: Options) -> Iterator[Finding]:
    """Walks each record from its resource message down to its fields; a mark covers what is inside."""
    known = {}
    for file in files:
        places = Places(file)
        for path, name, message in messages(file):
            known[name] = (places, path, message)
    seen = set()
    waiting = [name for name, (_, _, message) in known.items()
               if options.of(message.options, "lotura.options.v1.resource") is not None]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in known:
            continue
        seen.add(name)
        places, path, message = known[name]
        for i, one in enumerate(message.field):
            mark = options.of(one.options, "lotura.options.v1.field")
            if mark is not None and mark.personal:
                continue
            if PERSONAL.search(one.name):
                yield places.finding((*path, MESSAGE_FIELD, i), "proto-personal",
                                     f"{message.name}.{one.name}")
            else:
                waiting.append(one.type_name.lstrip("."))
