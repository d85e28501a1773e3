"""A pgbench script that writes the rows which one create of the service wrote."""

import psycopg2

# Columns that the service leaves to their defaults, too.
DEFAULTED = ("xid", "seq", "epoch", "create_time")
TABLES = ("person", "match_key", "request", "journal")
# What must be new in each transaction; :n is a random number.
NAME = "'people/b-' || :n::bigint::text"
EMAIL = "'b-' || :n::bigint::text || '@example.com'"
EMAIL_OF_UPDATE = "'b-' || :e::bigint::text || '@example.com'"
FRESH = {"name": NAME, "create_time": "now()", "update_time": "now()",
         "display_name": "'B ' || :n::bigint::text", "email": EMAIL, "key": EMAIL, "request_id": "gen_random_uuid()",
         "event_id": "gen_random_uuid()", "tenant_id": "'00000000-0000-4000-8000-0000000000be'"}


def columns_of(cursor, table: str) -> list[str]:
    """The columns of a table of accounts, in their order."""
    cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_schema = "
                   "'accounts' AND table_name = %s ORDER BY ordinal_position", (table,))
    return [name for (name,) in cursor.fetchall()]


def _insert(cursor, table: str) -> str:
    """An INSERT of the newest row of the table, but for what must be new."""
    columns = [name for name in columns_of(cursor, table)
               if table == "person" or name not in DEFAULTED]
    chosen = ", ".join(f"{name}::text" for name in columns)
    order = "ctid" if table in ("match_key", "request") else "create_time"
    cursor.execute(f"SELECT {chosen} FROM accounts.{table} ORDER BY {order} DESC LIMIT 1")
    values = []
    for name, value in zip(columns, cursor.fetchone(), strict=True):
        literal = cursor.mogrify("%s", (value,)).decode()
        values.append(FRESH.get(name, literal))
    return f"INSERT INTO accounts.{table} ({', '.join(columns)}) VALUES ({', '.join(values)});"


def script_of_update(conninfo: str, first: int, count: int, *, of_key: bool) -> str:
    """BEGIN, a change of one of `count` people, journal, request, COMMIT; of_key: with a new match
    key, which costs a statement more. The version is not compared, which is left to pgbench."""
    with psycopg2.connect(conninfo) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id::text FROM accounts.person LIMIT 1")
        mine = f"tenant_id = '{cursor.fetchone()[0]}'"
        inserts = [_insert(cursor, table) for table in ("request", "journal")]
    person = f"{mine} AND name = 'people/g-' || :n"
    change = "given_name = 'b ' || :e" if not of_key else f"email = {EMAIL_OF_UPDATE}"
    keys = [f"UPDATE match_key m SET key = {EMAIL_OF_UPDATE} FROM (SELECT email FROM person WHERE "
            f"{person}) p WHERE m.{mine} AND m.kind = 'person.email' AND m.key = p.email;"] if of_key else []
    update = (f"UPDATE person SET {change}, version = version + 1, update_time = now() "
              f"WHERE {person};")
    return "\n".join([f"\\set n random({first}, {first + count - 1})",
                      "\\set e random(1, 4000000000000000000)",
                      "BEGIN;", *keys, update, *inserts, "COMMIT;", ""])


def script_of_create(conninfo: str) -> str:
    """BEGIN, one INSERT for each table that a create writes, COMMIT."""
    with psycopg2.connect(conninfo) as connection, connection.cursor() as cursor:
        inserts = [_insert(cursor, table) for table in TABLES]
    return "\n".join(["\\set n random(1, 4000000000000000000)", "BEGIN;", *inserts, "COMMIT;", ""])
