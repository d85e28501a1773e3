"""Many people, made from the one that the service wrote last."""

import psycopg2

from bench.rig import Rig
from bench.sample_rows import columns_of

# What differs from person to person: display names in no order that an index could profit from.
FRESH = {"name": "'people/g-' || i", "email": "'g-' || i || '@example.com'",
         "display_name": "md5(i::text) || ' ' || i",
         "create_time": "now() - i * interval '1 second'"}


def name_of(number: str) -> str:
    """The name of a person as SQL; `number` is an expression."""
    return f"'people/g-' || ({number})::text"


def clone(rig: Rig, count: int) -> None:
    """Adds the people 0 to count - 1 with their match keys, and lets the planner know."""
    rig.sample("create-person")
    with psycopg2.connect(rig.conninfo) as connection, connection.cursor() as cursor:
        columns = columns_of(cursor, "person")
        values = ", ".join(FRESH.get(name, f"p.{name}") for name in columns)
        cursor.execute(
            f"INSERT INTO accounts.person ({', '.join(columns)}) SELECT {values} FROM "
            "(SELECT * FROM accounts.person ORDER BY create_time DESC LIMIT 1) p, "
            "generate_series(0, %s) AS g(i)", (count - 1,))
        cursor.execute("INSERT INTO match_key (tenant_id, kind, key, name) SELECT tenant_id, "
                       "'person.email', email, name FROM person WHERE name LIKE 'people/g-%'")
    rig.query("VACUUM ANALYZE accounts.person")
    rig.query("VACUUM ANALYZE accounts.match_key")
