"""Rules of migrations: forward only, without long locks, every table a tenant's."""

from collections.abc import Iterator

from lint.sql import TENANT_FREE, TENANT_FREE_FOLDERS
from lint.sql_text import Scope, Token, line_of, statements, word
from lint.tree import Finding, SourceFile, Tree

CONSTRAINTS = ("PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "CONSTRAINT", "EXCLUDE", "LIKE")
WRONG_TYPES = {"VARCHAR": "text", "CHARACTER": "text", "CHAR": "text", "TIMESTAMP": "timestamptz",
               "JSON": "jsonb", "SERIAL": "bigint GENERATED ALWAYS AS IDENTITY",
               "BIGSERIAL": "bigint GENERATED ALWAYS AS IDENTITY", "REAL": "double precision",
               "MONEY": "numeric and a currency column"}
# The engine reads every whole number of a record as a bigint; tables of the platform may save space.
WRONG_IN_SERVICES = {"INTEGER": "bigint", "INT": "bigint", "SMALLINT": "bigint"}


def check(tree: Tree) -> Iterator[Finding]:
    for file in tree.matching("*/migrations/*.sql"):
        found = statements(file.text)
        created = {word(_table(one)) for one in found if _begins(one, "CREATE", "TABLE")}
        for statement in found:
            yield from _drops(file, statement)
            yield from _index(file, statement, len(found), created)
            yield from _columns(file, statement)
            if not _is_tenant_free(file, statement):
                yield from _tenant_first(file, statement)


def _begins(statement: Scope, *words: str) -> bool:
    said = [word(item) for item in statement.items if word(item) not in ("UNIQUE", "UNLOGGED")]
    return said[: len(words)] == list(words)


def _table(statement: Scope) -> Token | None:
    """The table that CREATE TABLE, ALTER TABLE or CREATE INDEX is about."""
    items = statement.items
    after = "ON" if _begins(statement, "CREATE", "INDEX") else "TABLE"
    at = next((i for i, item in enumerate(items) if word(item) == after), len(items))
    rest = [item for item in items[at + 1 :]
            if word(item) not in ("IF", "NOT", "EXISTS", "ONLY")]
    return rest[0] if rest and isinstance(rest[0], Token) else None


def _drops(file: SourceFile, statement: Scope) -> Iterator[Finding]:
    words = [word(item) for item in statement.items]
    if "DROP" in words and "CASCADE" in words:
        yield file.finding(line_of(statement), "migration-cascade", "DROP ... CASCADE")


def _index(file: SourceFile, statement: Scope, count: int, created: set[str]) -> Iterator[Finding]:
    if not _begins(statement, "CREATE", "INDEX"):
        return
    concurrent = "CONCURRENTLY" in map(word, statement.items)
    if concurrent and count > 1:
        yield file.finding(line_of(statement), "migration-index",
                           "CREATE INDEX CONCURRENTLY stands beside other statements")
    table = _table(statement)
    if not concurrent and table is not None and table.text not in created:
        yield file.finding(line_of(statement), "migration-index",
                           f"CREATE INDEX locks {table.raw}, which may be large already")


def split(scope: Scope) -> Iterator[list]:
    """The items of a scope between its commas."""
    part: list = []
    for item in scope.items:
        if word(item) == ",":
            yield part
            part = []
        else:
            part.append(item)
    if part:
        yield part


def definitions(statement: Scope) -> Iterator[list]:
    """Column definitions of CREATE TABLE and of ALTER TABLE ... ADD COLUMN."""
    if _begins(statement, "CREATE", "TABLE"):
        columns = next((item for item in statement.items if isinstance(item, Scope)), Scope())
        yield from (one for one in split(columns) if word(one[0]) not in CONSTRAINTS)
    elif _begins(statement, "ALTER", "TABLE"):
        for part in split(statement):
            words = [word(item) for item in part]
            if "ADD" in words:
                rest = [item for item in part[words.index("ADD") + 1 :]
                        if word(item) not in ("COLUMN", "IF", "NOT", "EXISTS")]
                if rest and word(rest[0]) not in CONSTRAINTS:
                    yield rest


def _columns(file: SourceFile, statement: Scope) -> Iterator[Finding]:
    for definition in definitions(statement):
        if len(definition) < 2 or not isinstance(definition[0], Token):
            continue
        name, kind = definition[0], word(definition[1])
        words = [word(item) for item in definition]
        if kind == "TEXT" and ("COLLATE", '"C"') not in zip(words, words[1:]):
            yield file.finding(name.line, "migration-collation", f"column {name.raw}")
        wrong = WRONG_TYPES | (WRONG_IN_SERVICES if file.path.startswith("services/") else {})
        if kind in wrong:
            yield file.finding(name.line, "migration-type",
                               f"column {name.raw} is {kind.lower()}, not {wrong[kind]}")


def _is_tenant_free(file: SourceFile, statement: Scope) -> bool:
    """The comment that says why stands inside the statement or in the lines above it."""
    if file.path.startswith(TENANT_FREE_FOLDERS):
        return True
    first = line_of(statement)
    above = first - 1
    while above > 0 and file.lines[above - 1].lstrip().startswith("--"):
        above -= 1
    last = max(item.line for scope in statement.inner() for item in scope.items
               if isinstance(item, Token))
    return any(TENANT_FREE.match(line) for line in file.lines[above:last])


def _tenant_first(file: SourceFile, statement: Scope) -> Iterator[Finding]:
    if _begins(statement, "CREATE", "INDEX"):
        at = next((i for i, item in enumerate(statement.items) if word(item) == "ON"), 0)
        keys = next((item for item in statement.items[at:] if isinstance(item, Scope)), Scope())
        if word(keys.items[0] if keys.items else None) != "TENANT_ID":
            yield file.finding(line_of(statement), "migration-tenant", "the index")
        return
    for scope in statement.inner():
        for at, item in enumerate(scope.items):
            key = _key_at(scope.items, at)
            if key is not None and word(key.items[0] if key.items else None) != "TENANT_ID":
                yield file.finding(item.line, "migration-tenant", f"{word(item)} key")
    if _begins(statement, "CREATE", "TABLE") and "OF" not in map(word, statement.items):
        names = [word(definition[0]) for definition in definitions(statement)]
        if "TENANT_ID" not in names:
            yield file.finding(line_of(statement), "migration-tenant", "the table has no tenant_id")


def _key_at(items: list, at: int) -> Scope | None:
    """The columns of PRIMARY KEY (...), UNIQUE (...) or FOREIGN KEY (...)."""
    ahead = items[at + 1 : at + 3]
    if word(items[at]) in ("PRIMARY", "FOREIGN") and ahead and word(ahead[0]) == "KEY":
        return ahead[1] if len(ahead) > 1 and isinstance(ahead[1], Scope) else Scope()
    if word(items[at]) == "UNIQUE" and ahead and isinstance(ahead[0], Scope):
        return ahead[0]
    return None
