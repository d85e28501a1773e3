"""Rules of queries: the blocks that begin with `-- name:` in .sql files outside migrations."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lint.sql_text import Scope, Token, line_of, statements, word
from lint.tree import Finding, SourceFile, Tree

NAME = re.compile(r"^-- name: (?P<name>\w+)\s*$")
# A query that is not about one tenant says why: named exemptions are for relay, upkeep and purge.
TENANT_FREE = re.compile(r"^\s*-- tenant-free: \S+")
# Folders whose queries never are about one tenant.
TENANT_FREE_FOLDERS = ("libs/pg/", "libs/events/")
# What keeps a projection up to date writes its own tables; every other query of a service reads.
PROJECTIONS = re.compile(r"^(?:on_\w+|\w*projection)\.sql$")
DECLARED_TABLE = re.compile(r"\btable:\s*\"(\w+)\"")

WRITES = ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "MERGE")
VERBS = ("SELECT", *WRITES)
STATEMENTS = ("WITH", *VERBS)
SET_OPERATIONS = ("UNION", "EXCEPT", "INTERSECT")
# What ends the list of sources, and what ends a condition.
CLAUSES = ("WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "RETURNING", "HAVING", "WINDOW", "SET",
           "VALUES", "FOR", "SELECT", "ON")
JOINS = ("JOIN", "LEFT", "RIGHT", "FULL", "INNER", "OUTER", "CROSS", "NATURAL")


@dataclass
class Query:
    """One named block; `first_line` is that of its name."""

    file: SourceFile
    name: str
    first_line: int
    text: str

    @property
    def tenant_free(self) -> bool:
        return (self.file.path.startswith(TENANT_FREE_FOLDERS)
                or any(TENANT_FREE.match(line) for line in self.text.split("\n")))

    def finding(self, line: int, rule: str, what: str) -> Finding:
        return self.file.finding(self.first_line + line - 1, rule, f"{self.name}: {what}")


@dataclass
class Source:
    """A table that is read or changed, and the name by which its columns are called."""

    table: str
    alias: str
    line: int


@dataclass
class Part:
    """One SELECT, INSERT, UPDATE or DELETE without those inside its parentheses."""

    items: list = field(default_factory=list)

    @property
    def verb(self) -> str:
        return next((word(item) for item in self.items if word(item) in VERBS), "SELECT")

    def target(self) -> Source | None:
        """The table that is written."""
        before = {"INSERT": "INTO", "MERGE": "INTO", "DELETE": "FROM"}.get(self.verb, self.verb)
        for at, item in enumerate(self.items):
            if word(item) == before != "SELECT":
                return source_at(self.items, at + 1)
        return None

    def sources(self) -> Iterator[Source]:
        """The tables that are read, and the one that an UPDATE or DELETE changes."""
        expected = False
        for at, item in enumerate(self.items):
            before = word(self.items[at - 1]) if at else ""
            if word(item) == "FROM":
                expected = before != "DISTINCT"
            elif word(item) in ("JOIN", "USING") or (word(item) == "UPDATE" and not before):
                # Not DO UPDATE and not FOR UPDATE.
                expected = True
            elif word(item) in CLAUSES:
                expected = False
            elif expected and (before in ("FROM", "JOIN", "UPDATE", "USING", ",", "ONLY", "LATERAL")):
                source = source_at(self.items, at)
                if source:
                    yield source

    def joined_by_tenant(self) -> set[str]:
        """The names by which tables are called whose ON begins with their tenant_id = $1."""
        found = set()
        for at, item in enumerate(self.items):
            ahead = [word(one) for one in self.items[at + 1 : at + 4]]
            if word(item) == "ON" and len(ahead) == 3 and ahead[1:] == ["=", "$1"]:
                found.add(ahead[0].removesuffix(".TENANT_ID"))
        return found

    def condition(self) -> list | None:
        """What follows WHERE; nothing if there is no WHERE."""
        for at, item in enumerate(self.items):
            if word(item) == "WHERE":
                rest = self.items[at + 1 :]
                end = next((i for i, one in enumerate(rest) if word(one) in CLAUSES), len(rest))
                return rest[:end]
        return None


def source_at(items: list, at: int) -> Source | None:
    """The table named there; nothing for a subquery, a function or a keyword before a name."""
    item = items[at] if at < len(items) else None
    if not isinstance(item, Token) or item.kind != "word" or item.text in ("ONLY", "LATERAL"):
        return None
    following = items[at + 1 : at + 3]
    if following and isinstance(following[0], Scope) and word(items[at - 1]) != "INTO":
        return None
    if following and word(following[0]) == "AS":
        following = following[1:]
    alias = word(following[0]) if following else ""
    named = alias and following[0].kind == "word" and alias not in (*CLAUSES, *JOINS, "USING")
    return Source(item.text, alias if named else item.text, item.line)


def queries(file: SourceFile) -> list[Query]:
    found: list[Query] = []
    for number, line in enumerate(file.lines, 1):
        if match := NAME.match(line):
            found.append(Query(file, match["name"], number, ""))
        if found:
            found[-1].text += line + "\n"
    return found


def common_tables(scope: Scope) -> set[str]:
    """Names that WITH gives to subqueries, anywhere in the statement."""
    names = set()
    for inner in scope.inner():
        for at, item in enumerate(inner.items):
            if not isinstance(item, Scope) or word(item.items[0] if item.items else None) not in STATEMENTS:
                continue
            before = [one for one in inner.items[:at] if word(one) not in ("MATERIALIZED", "NOT")]
            if len(before) > 1 and word(before[-1]) == "AS":
                named = before[-2] if isinstance(before[-2], Token) else before[-3]
                names.add(word(named))
    return names


def parts(scope: Scope) -> Iterator[Part]:
    for inner in scope.inner():
        if not inner.items or word(inner.items[0]) not in STATEMENTS:
            continue
        part = Part()
        for item in inner.items:
            if word(item) in SET_OPERATIONS:
                yield part
                part = Part()
            else:
                part.items.append(item)
        yield part


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.ending(".sql"):
        if "/migrations/" in file.path or "/fixtures/" in file.path:
            continue
        declared = declared_tables(tree, file)
        for query in queries(file):
            for statement in statements(query.text):
                yield from _statement(query, statement, declared)


def declared_tables(tree: Tree, file: SourceFile) -> set[str]:
    if not file.path.startswith("services/"):
        return set()
    service = file.path.split("/")[1]
    return {table.upper() for proto in tree.matching(f"proto/lotura/{service}/*.proto")
            for table in DECLARED_TABLE.findall(proto.text)}


def _statement(query: Query, statement: Scope, declared: set[str]) -> Iterator[Finding]:
    known = common_tables(statement)
    yield from _locks(query, statement)
    for part in parts(statement):
        yield from _columns(query, part, known)
        if query.file.path.startswith("services/"):
            yield from _writes(query, part, declared)
        if not query.tenant_free:
            yield from _tenant(query, part, known)
    if query.tenant_free and query.file.path.startswith("services/"):
        yield query.finding(line_of(statement), "sql-tenant", "a service has no tenant-free queries")


def pairs(scope_items: list) -> Iterator[tuple]:
    """Each item with the one before and the one after it."""
    return zip([None, *scope_items], scope_items, [*scope_items[1:], None])


def _locks(query: Query, statement: Scope) -> Iterator[Finding]:
    for scope in statement.inner():
        for _, item, after in pairs(scope.items):
            if word(item) == "FOR" and word(after) in ("UPDATE", "SHARE", "NO", "KEY"):
                yield query.finding(item.line, "sql-lock", f"FOR {word(after)}")
            if word(item) == "OFFSET":
                yield query.finding(item.line, "sql-offset", "pages by OFFSET")


def _columns(query: Query, part: Part, known: set[str]) -> Iterator[Finding]:
    target = part.target()
    # A subquery has named its columns itself.
    of_table = target is not None or any(source.table not in known for source in part.sources())
    for before, item, _ in pairs(part.items):
        if of_table and word(item) == "*" and word(before) in ("SELECT", "DISTINCT", "RETURNING", ".", ","):
            yield query.finding(item.line, "sql-columns", "reads * instead of named columns")
    if part.verb != "INSERT" or target is None:
        return
    position = next(at for at, item in enumerate(part.items) if word(item) == "INTO")
    following = part.items[position + 2 : position + 5]
    if not any(isinstance(item, Scope) for item in following[: 3 if word(following[0]) == "AS" else 1]):
        yield query.finding(target.line, "sql-columns", "inserts without naming the columns")


def _writes(query: Query, part: Part, declared: set[str]) -> Iterator[Finding]:
    target = part.target()
    if part.verb == "SELECT" or target is None:
        return
    if target.table in declared:
        yield query.finding(target.line, "sql-engine-writes",
                            f"changes {target.table.lower()}, the table of a declared resource")
    elif not PROJECTIONS.match(query.file.name):
        yield query.finding(target.line, "sql-verb-reads", f"changes {target.table.lower()}")


def _tenant(query: Query, part: Part, known: set[str]) -> Iterator[Finding]:
    target = part.target()
    if part.verb == "INSERT" and target is not None:
        columns = next((item for item in part.items if isinstance(item, Scope)), Scope())
        if "TENANT_ID" not in map(word, columns.items):
            yield query.finding(target.line, "sql-tenant", "inserts without tenant_id")
    tables = [source for source in part.sources() if source.table not in known]
    if not tables:
        return
    condition = part.condition()
    names = {f"{source.alias}.TENANT_ID" for source in tables}
    joined = part.joined_by_tenant()
    if condition is None and len(joined) < len(tables) or \
            condition is not None and not _begins_with_tenant(condition, names | {"TENANT_ID"}):
        yield query.finding(tables[0].line, "sql-tenant",
                            f"reads {tables[0].table.lower()} without tenant_id = $1 first")
    said = {word(item) for item in part.items}
    for source in tables:
        if len(tables) > 1 and f"{source.alias}.TENANT_ID" not in said:
            yield query.finding(source.line, "sql-tenant",
                                f"joins {source.table.lower()} without its tenant_id")


def _begins_with_tenant(condition: list, names: set[str]) -> bool:
    return (len(condition) >= 3 and word(condition[0]) in names and word(condition[1]) == "="
            and word(condition[2]) == "$1")
