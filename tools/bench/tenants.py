"""Tenants with different numbers of organizations in one table."""

from collections.abc import Callable
from contextlib import contextmanager

import psycopg2

from bench.rig import Rig

# How often a value occurs: one of so many organizations has it, those whose number divided by it
# leaves the rest. None of them has the last one.
ONE_OF = {"50 %": (2, 0), "1 %": (100, 1), "0.01 %": (10_000, 3)}
NONE = "none"
# Values of all columns, where i is the number of the organization. Display names in no order that
# an index could profit from; each value is spread evenly over both orders.
COLUMNS = {"tenant_id": "%(tenant)s", "name": "'organizations/g-' || i",
           "display_name": "md5(i::text) || ' ' || i", "sector": "''", "domain": "''",
           "country_code": "'ES'", "addresses": "'[]'", "phones": "'[]'", "emails": "'{}'",
           "parent_organization": "NULL", "tags": "'{customer}'", "version": "1",
           "create_time": "now() - i * interval '1 second'", "update_time": "now()"}
MEMORY = "1GB"


def sector_of(part: str) -> str:
    """The value of a field that has no index."""
    return f"sector-{part.removesuffix(' %')}"


def parent_of(part: str) -> str:
    """The value of a field that has a lookup."""
    return f"organizations/parent-{part.removesuffix(' %')}"


def count_of(part: str, rows: int) -> int:
    """How many of so many organizations belong to the part."""
    one_of, rest = ONE_OF.get(part, (1, rows + 1))
    return len(range(rest or one_of, rows + 1, one_of))


def count_of_all(rows: int) -> int:
    """With their parents."""
    return rows + len(ONE_OF)


def _choice(value_of: Callable[[str], str], otherwise: str) -> str:
    """As SQL: the value of an organization by its number."""
    return _choice_of({part: f"'{value_of(part)}'" for part in ONE_OF}, otherwise)


def _choice_of(values: dict[str, str], otherwise: str) -> str:
    cases = " ".join(f"WHEN i %% {one_of} = {rest} THEN {values[part]}"
                     for part, (one_of, rest) in ONE_OF.items())
    return f"CASE {cases} ELSE {otherwise} END"


def _insert(cursor, tenant: str, source: str, columns: dict[str, str]) -> None:
    cursor.execute(f"INSERT INTO organization ({', '.join(columns)}) SELECT "
                   f"{', '.join(columns.values())} FROM {source}", {"tenant": tenant})


@contextmanager
def _without_indexes(cursor):
    """Drops all but the primary key and makes them again, which is how many rows come in fast."""
    cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
                   "AND tablename = 'organization' AND indexname NOT LIKE '%_pkey'")
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)


def fill(rig: Rig, sizes: dict[str, int], owner_of: Callable[[str], str] | None = None) -> None:
    """Gives each tenant so many organizations, and lets the planner know.

    `owner_of` says as SQL who owns those of a part, where i is the number of the organization.
    """
    organizations = COLUMNS | {"sector": _choice(sector_of, "''"),
                               "parent_organization": _choice(parent_of, "NULL")}
    if owner_of is not None:
        organizations["owner"] = _choice_of({part: owner_of(part) for part in ONE_OF}, "NULL")
    parents = COLUMNS | {"name": "i", "display_name": "i", "create_time": "now()"}
    names = ", ".join(f"('{parent_of(part)}')" for part in ONE_OF)
    with psycopg2.connect(rig.admin_conninfo) as connection, connection.cursor() as cursor:
        # References are not checked: each parent is there.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"SET maintenance_work_mem = '{MEMORY}'")
        with _without_indexes(cursor):
            for tenant, count in sizes.items():
                _insert(cursor, tenant, f"(VALUES {names}) AS g(i)", parents)
                _insert(cursor, tenant, f"generate_series(1, {count}) AS g(i)", organizations)
    rig.query("VACUUM ANALYZE accounts.organization")
    rig.checkpoint()
