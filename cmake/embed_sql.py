"""Turns SQL files into C++ constants.

usage: embed_sql.py queries|migrations FOLDER STEM FILE...

queries     every block that begins with "-- name: Name" becomes `constexpr pg::Query kName{...}`.
migrations  every file becomes one entry of `kMigrations`, in the order of the file names.
"""

import pathlib
import re
import sys

NAME = re.compile(r"^-- name: ([A-Z][A-Za-z0-9]+)$")
MIGRATION = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
DELIMITER = "lotura_sql"


def namespace_of(folder: str) -> str:
    parts = [part for part in folder.split("/") if part not in ("libs", "services")]
    return "::".join(["lotura", *parts, "sql"])


def literal(text: str) -> str:
    return f'R"{DELIMITER}({text}){DELIMITER}"'


def blocks(path: pathlib.Path) -> list[tuple[str, str]]:
    found: list[tuple[str, list[str]]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = NAME.match(line)
        if match:
            found.append((match.group(1), []))
        elif found:
            if not line.startswith("--"):
                found[-1][1].append(line)
        elif line.strip() and not line.startswith("--"):
            sys.exit(f"{path}:{number}: SQL before the first '-- name:' line")
    return [(name, "\n".join(lines).strip().rstrip(";")) for name, lines in found]


def write_queries(namespace: str, files: list[pathlib.Path], label: str) -> tuple[str, str]:
    queries = [block for path in files for block in blocks(path)]
    names = [name for name, _ in queries]
    if len(set(names)) != len(names):
        sys.exit(f"{label}: a query name is used twice: {sorted(names)}")
    header = ['#include "libs/pg/query.h"', "", f"namespace {namespace} {{", ""]
    for name, text in queries:
        header.append(f'inline constexpr pg::Query k{name}{{"{label}.{name}", {literal(text)}}};')
    header += ["", "extern const std::vector<const pg::Query*> kAll;", "", f"}}  // namespace {namespace}"]
    pointers = ", ".join(f"&k{name}" for name in names)
    source = [f"namespace {namespace} {{", "", f"const std::vector<const pg::Query*> kAll = {{{pointers}}};", "",
              f"}}  // namespace {namespace}"]
    return "\n".join(header), "\n".join(source)


def write_migrations(namespace: str, files: list[pathlib.Path], _label: str) -> tuple[str, str]:
    entries = []
    for expected, path in enumerate(files, 1):
        match = MIGRATION.match(path.name)
        if not match or int(match.group(1)) != expected:
            sys.exit(f"{path}: migrations are named NNNN_what.sql and count up from 0001 without a gap")
        entries.append(f'    {{{expected}, "{match.group(2)}", {literal(path.read_text(encoding="utf-8"))}}},')
    header = ['#include "libs/pg/migration.h"', "", f"namespace {namespace} {{", "",
              "extern const std::vector<pg::Migration> kMigrations;", "", f"}}  // namespace {namespace}"]
    source = [f"namespace {namespace} {{", "", "const std::vector<pg::Migration> kMigrations = {", *entries, "};", "",
              f"}}  // namespace {namespace}"]
    return "\n".join(header), "\n".join(source)


def main() -> None:
    kind, folder, stem, *names = sys.argv[1:]
    files = sorted(pathlib.Path(name) for name in names)
    label = folder.split("/")[-1]
    writer = {"queries": write_queries, "migrations": write_migrations}[kind]
    header, source = writer(namespace_of(folder), files, label)
    out = pathlib.Path(stem)
    out.parent.mkdir(parents=True, exist_ok=True)
    made = "// Made by cmake/embed_sql.py from the .sql files of this folder.\n"
    out.with_name(out.name + ".sql.h").write_text(made + "#pragma once\n\n#include <vector>\n\n" + header + "\n", encoding="utf-8")
    out.with_name(out.name + ".sql.cc").write_text(
        made + f'#include "{folder}/{out.name}.sql.h"\n\n' + source + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
