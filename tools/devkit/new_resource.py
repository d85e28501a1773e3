"""Verb new-resource: writes the files of a record type that a person then fills in."""

import argparse
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from devkit import artifacts
from devkit.console import Failure, say, step
from devkit.layout import DEVKIT, ROOT, SERVICES

SUMMARY = "write proto, migration, rules and test of a new record type: new-resource sales Territory"
TYPE = re.compile(r"^[A-Z][a-z0-9]*(?:[A-Z][a-z0-9]*)*$")
PLACEHOLDER = re.compile(r"@(\w+)@")
# What the engine gives every service, and names that an index would make too long for PostgreSQL.
PLATFORM_TABLES = {"journal", "inbox", "request", "match_key", "foreign_record"}
TYPE_LENGTH_MAX = 30
# Words that SQL keeps for itself and that one would name a record type by.
RESERVED_WORDS = {"all", "analyse", "any", "array", "case", "cast", "check", "collation", "column", "constraint",
                  "default", "end", "foreign", "grant", "group", "limit", "offset", "order", "placing", "primary",
                  "references", "select", "session_user", "table", "union", "unique", "user", "using", "variadic",
                  "when", "where", "window", "with"}


@dataclass(frozen=True)
class Words:
    """A record type in all the forms in which files name it."""

    service: str
    Type: str  # noqa: N815 - named as the placeholder is
    Types: str  # noqa: N815

    def forms(self) -> dict[str, str]:
        one, many = snake(self.Type), snake(self.Types)
        words, many_words = one.replace("_", " "), many.replace("_", " ")
        return {
            "service": self.service, "Type": self.Type, "Types": self.Types, "type": one, "types": many,
            "camelType": camel(self.Type), "camelTypes": camel(self.Types), "words": words, "manywords": many_words,
            "Manywords": many_words.capitalize(), "a": "an" if words[0] in "aeio" else "a",
            "table": f"{self.service}_{one}" if one in RESERVED_WORDS | PLATFORM_TABLES else one,
            "letter": words[0],
        }


def snake(name: str) -> str:
    """"PriceList" to "price_list"."""
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def camel(name: str) -> str:
    return name[0].lower() + name[1:]


def plural_of(name: str) -> str:
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + ("es" if re.search(r"(?:s|x|z|ch|sh)$", name) else "s")


def render(template: str, forms: dict[str, str]) -> str:
    text = (DEVKIT / "templates" / f"{template}.in").read_text(encoding="utf-8")
    return PLACEHOLDER.sub(lambda found: forms[found[1]], text)


def next_migration(folder: Path) -> int:
    numbers = [int(path.name[:4]) for path in folder.glob("[0-9][0-9][0-9][0-9]_*.sql")]
    return max(numbers, default=0) + 1


def new_files(root: Path, forms: dict[str, str]) -> dict[Path, str]:
    """The files by where they will stand, and their texts."""
    service = root / "services" / forms["service"]
    migrations = service / "migrations"
    number = next_migration(migrations)
    return {
        root / "proto/lotura" / forms["service"] / "v1" / f"{forms['type']}.proto": render("resource.proto", forms),
        migrations / f"{number:04}_{forms['types']}.sql": render("migration.sql", forms),
        service / f"{forms['type']}.h": render("rules.h", forms),
        service / f"{forms['type']}.cc": render("rules.cc", forms),
        service / f"{forms['type']}_pg_test.cc": render("rules_pg_test.cc", forms),
    }


def declared_in(app: str, forms: dict[str, str]) -> str:
    """app.cc with the line that declares the type, and the include that it needs."""
    lines = app.split("\n")
    declared = [at for at, line in enumerate(lines) if "catalog.Add<" in line]
    includes = [at for at, line in enumerate(lines) if line.startswith("#include \"")][1:]
    if not declared or not includes:
        raise Failure(f"services/{forms['service']}/app.cc declares no record types; write its Declare first.")
    # A statement may go on over several lines.
    last = next(at for at in range(declared[-1], len(lines)) if lines[at].endswith(";"))
    lines.insert(last + 1, f"  LOTURA_RETURN_IF_ERROR(catalog.Add<v1::{forms['Type']}>({forms['Type']}Rules()));")
    include = f"#include \"services/{forms['service']}/{forms['type']}.h\""
    after = [at for at in includes if lines[at] < include]
    lines.insert(after[-1] + 1 if after else includes[0], include)
    return "\n".join(lines)


def refuse_existing(root: Path, forms: dict[str, str], files: dict[Path, str]) -> None:
    for path in files:
        if path.exists():
            raise Failure(f"{path.relative_to(root)} exists already; nothing was written.")
    message = re.compile(rf"^message {forms['Type']} {{", re.MULTILINE)
    table = re.compile(rf"\btable: \"{forms['table']}\"")
    for proto in sorted((root / "proto/lotura" / forms["service"]).rglob("*.proto")):
        text = proto.read_text(encoding="utf-8")
        if message.search(text) or table.search(text):
            raise Failure(f"{proto.relative_to(root)} has the type {forms['Type']} or its table already; "
                          "nothing was written.")
    create = re.compile(rf"^CREATE TABLE {forms['table']} ", re.MULTILINE)
    for migration in sorted((root / "services" / forms["service"] / "migrations").glob("*.sql")):
        if create.search(migration.read_text(encoding="utf-8")):
            raise Failure(f"{migration.relative_to(root)} makes the table {forms['table']} already; nothing was written.")


def format_files(root: Path, paths: list[Path]) -> None:
    """Long names wrap where short ones do not. Without the formatters tools/dev fmt does it later."""
    sources = [str(path) for path in paths if path.suffix in (".h", ".cc")]
    try:
        subprocess.run(["clang-format-14", "-i", *sources], check=True, cwd=root)
    except FileNotFoundError:
        say("    clang-format-14 is missing: run tools/dev setup, then tools/dev fmt")
    buf = artifacts.buf_binary()
    for path in paths:
        if path.suffix == ".proto" and buf.exists():
            subprocess.run([str(buf), "format", "--write", str(path.relative_to(root))], check=True, cwd=root)


def write(root: Path, words: Words) -> list[Path]:
    """Writes everything or nothing; the files that are new, and app.cc."""
    forms = words.forms()
    app = root / "services" / words.service / "app.cc"
    files = new_files(root, forms)
    refuse_existing(root, forms, files)
    files[app] = declared_in(app.read_text(encoding="utf-8"), forms)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    format_files(root, list(files))
    return list(files)


def tell_what_is_next(words: Words, paths: list[Path]) -> None:
    proto, migration, _, rules, test, _ = (str(path.relative_to(ROOT)) for path in paths)
    say(f"""
It builds and passes as it is. docs/new-resource.md tells each step:
  1. {proto}
     its fields, orders, lookups, references and match keys; replace the comments of service and message
  2. {migration}
     one column for each field, one index for each order and lookup, one foreign key for each reference of its own service
  3. {rules}
     what holds between fields
  4. {test}
     what the rules refuse and derive
Then: tools/dev build && tools/dev test --name 'lotura_{words.service}|lotura_component' && tools/dev lint""")


def checked_words(service: str, name: str, plural: str | None) -> Words:
    if service not in SERVICES:
        raise Failure(f"there is no service '{service}'; there are {', '.join(SERVICES)}.")
    for word in filter(None, (name, plural)):
        if not TYPE.match(word) or len(word) > TYPE_LENGTH_MAX:
            raise Failure(f"'{word}' is not a type such as Territory or PriceList, with at most {TYPE_LENGTH_MAX} letters.")
    chosen = plural or plural_of(name)
    if chosen == name:
        raise Failure(f"'{name}' and its plural are the same word; choose another one.")
    return Words(service, name, chosen)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev new-resource", description=SUMMARY)
    parser.add_argument("service", help=", ".join(SERVICES))
    parser.add_argument("type", help="one of them, in PascalCase: Territory, PriceList")
    parser.add_argument("--plural", help="several of them, where adding s or ies is wrong: People")
    options = parser.parse_args(arguments)
    words = checked_words(options.service, options.type, options.plural)
    step(f"Writing the record type {words.Type} of {words.service}")
    paths = write(ROOT, words)
    for path in paths:
        say(f"    {path.relative_to(ROOT)}")
    tell_what_is_next(words, paths)
    return 0
