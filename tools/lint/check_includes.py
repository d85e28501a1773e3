"""Who may include whom: the table of the guide as data.

Debian keeps the headers of all libraries on the compiler's default path, so a forgotten dependency compiles; this table is what
keeps the layers apart.
"""

import re
from collections.abc import Iterator

from lint.tree import CPP, Finding, SourceFile, Tree

# A library uses those to its left, and base. The same order stands in libs/CMakeLists.txt.
LIBRARIES = ("base", "crash", "mutant", "observe", "http", "pg", "cache", "events", "rpc", "quota", "resource",
             "audit", "access", "tenants", "feed", "host", "testing")

# Headers of other people's libraries, and the folders that may know them.
FOREIGN = {
    "pqxx/": ("libs/pg/",),
    "libpq-fe.h": ("libs/pg/",),
    # Benchmarks compare the door with gRPC alone, and the relay with librdkafka alone.
    # Its messages, and not the library.
    "grpc/health/": ("libs/rpc/", "tools/bench/", "tools/lotura/"),
    "grpc/": ("libs/rpc/", "tools/bench/"),
    "grpcpp/": ("libs/rpc/", "tools/bench/"),
    # The load speaks HTTP/2 itself.
    "nghttp2/": ("tools/bench/load/",),
    "librdkafka/": ("libs/events/", "tools/bench/"),
    "hiredis/": ("libs/cache/",),
    "prometheus/": ("libs/observe/",),
    "civetweb": ("libs/observe/",),
    "curl/": ("libs/http/",),
    # gRPC's locks, of which only its room may say how they behave.
    "absl/synchronization/": ("libs/rpc/",),
    # The cache needs SHA-1 alone: it is how Redis names a script.
    "openssl/": ("libs/base/", "libs/rpc/", "libs/cache/"),
}
# Declares the type and costs nothing.
FORWARD_JSON = "nlohmann/json_fwd.hpp"
# What tests may use wherever they stand: a server to talk to.
FOREIGN_IN_TESTS = ("civetweb",)
# Abseil is built here with a string_view of its own: beyond statuses it does not fit our types.
ABSEIL = ("absl/status/", "absl/strings/cord.h", "absl/synchronization/")

PROTO = re.compile(r"^lotura/(?P<service>[a-z]+)/v\d+/.*\.pb\.h$")
SHARED_PROTOS = ("options", "events", "access", "audit", "type", "testdata")
# Access is made of the records of one service.
LIBRARY_PROTOS = {"access": ("directory",)}
# What each layer of a service may include of ours. {service} is the service itself.
LAYERS = {
    "domain": ("libs/base/", "services/{service}/domain/", "lotura/"),
    "rules": ("libs/base/", "libs/observe/", "libs/pg/", "libs/resource/", "libs/access/",
              "services/{service}/", "lotura/"),
    "verbs": ("libs/base/", "libs/mutant/", "libs/observe/", "libs/pg/", "libs/resource/", "libs/access/",
              "libs/events/", "libs/rpc/", "libs/host/", "services/{service}/", "lotura/"),
    "app": ("libs/", "services/{service}/", "lotura/"),
    "test": ("libs/", "services/{service}/", "lotura/"),
}
# The simulation runs the rules of one service over seams in memory: it needs no server and no test
# framework, and no other service.
SIMULATION = "tests/simulation/"
IN_SIMULATION = ("libs/base/", "libs/crash/", "libs/observe/", "libs/cache/", "libs/events/",
                 "libs/resource/", "services/sales/", "lotura/sales/", "lotura/events/", SIMULATION)
OUR_FOLDERS = ("libs/", "services/", "tools/", "tests/", "lotura/")
# Binaries that are made of several services.
ASSEMBLIES = ("services/all/", "tools/")
DECLARES_RESOURCE = re.compile(r"option\s*\(lotura\.options\.v1\.resource\)")


def check(tree: Tree) -> Iterator[Finding]:
    rules = _rule_files(tree)
    for file in tree.ending(*CPP):
        for include in file.cpp.includes:
            what = _misplaced(file, include.path, rules)
            if what:
                yield file.finding(include.line, "include-layer", what)
            if include.quoted and not include.path.startswith((*OUR_FOLDERS, "cmake/", "google/", "grpc/")):
                yield file.finding(include.line, "include-path", f'"{include.path}"')
        if file.path.endswith(".h") and "#pragma once" not in file.text:
            yield file.finding(1, "include-guard", "the header has none")


def _rule_files(tree: Tree) -> set[str]:
    """Stems of files that hold the rules of a resource: `services/<service>/<resource>`."""
    stems = set()
    for file in tree.matching("proto/lotura/*.proto"):
        if DECLARES_RESOURCE.search(file.text):
            service = file.path.split("/")[2]
            stems.add(f"services/{service}/{file.name.removesuffix('.proto')}")
    return stems


def layer_of(file: SourceFile, rules: set[str]) -> str:
    """The layer of a file below services/<service>/."""
    inside = file.path.split("/", 2)[2]
    if file.is_test:
        return "test"
    if inside.startswith("domain/"):
        return "domain"
    if re.match(r"(app|main|config)\.(h|cc)$", inside):
        return "app"
    return "rules" if file.path.rsplit(".", 1)[0] in rules else "verbs"


def _misplaced(file: SourceFile, include: str, rules: set[str]) -> str:
    """Why the file may not include this; empty if it may."""
    if file.is_test and include.startswith(FOREIGN_IN_TESTS):
        return ""
    for foreign, folders in FOREIGN.items():
        if include.startswith(foreign):
            if file.path.startswith(folders):
                break
            return f"{include} belongs to {' and '.join(folders)}"
    if include.startswith("absl/") and not include.startswith(ABSEIL):
        return f"{include} is more of Abseil than statuses"
    if include.startswith("nlohmann/") and include != FORWARD_JSON and file.path.endswith(".h"):
        return f"{include} costs every reader of this header; include it in the .cc file"
    if not include.startswith(OUR_FOLDERS):
        return ""
    if file.path.startswith(SIMULATION):
        return "" if include.startswith(IN_SIMULATION) else f"a simulation has no {include}"
    if file.path.startswith("libs/"):
        return _misplaced_in_library(file, include)
    if file.path.startswith("services/") and not file.path.startswith(ASSEMBLIES):
        return _misplaced_in_service(file, include, rules)
    return ""


def _misplaced_in_library(file: SourceFile, include: str) -> str:
    if include.startswith(("services/", "tools/")):
        return f"a library knows nothing of {include}"
    proto = PROTO.match(include)
    known = (*SHARED_PROTOS, *LIBRARY_PROTOS.get(file.path.split("/")[1], ()))
    # Tests may take the messages of a service as examples.
    if proto and proto["service"] not in known and not file.is_test:
        return f"a library knows nothing of the service {proto['service']}"
    if not include.startswith("libs/"):
        return ""
    own, other = file.path.split("/")[1], include.split("/")[1]
    if other in (own, "base") or (file.is_test and other == "testing"):
        return ""
    if other not in LIBRARIES or own not in LIBRARIES:
        return f"libs/{own} or libs/{other} is not in the order of libraries"
    if LIBRARIES.index(other) > LIBRARIES.index(own):
        return f"libs/{own} stands below libs/{other}"
    return ""


def _misplaced_in_service(file: SourceFile, include: str, rules: set[str]) -> str:
    service = file.path.split("/")[1]
    layer = layer_of(file, rules)
    allowed = tuple(prefix.format(service=service) for prefix in LAYERS[layer])
    if include.startswith(allowed):
        return ""
    return f"{layer} of {service} may not include {include}"
