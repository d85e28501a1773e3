"""Which statements the services run, and whether each is about one tenant."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

COMMENT, SPACE = re.compile(r"--[^\n]*\n"), re.compile(r"\s+")
# The beginnings and ends of transactions, settings, definitions.
UTILITY = re.compile(r"(BEGIN|COMMIT|ROLLBACK|START|SET|RESET|DISCARD|DEALLOCATE|LISTEN|UNLISTEN|"
                     r"CREATE|ALTER|DROP|LOCK|GRANT|REVOKE|COMMENT|DO)\b", re.IGNORECASE)
# What a statement reads or writes: no function, and no column after DISTINCT FROM.
TABLE = re.compile(r"(?<!DISTINCT )\b(?:FROM|JOIN|INTO|UPDATE|COPY)\s+(?:ONLY\s+)?"
                   r"([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)(?![a-z0-9_.]*\()(?![a-z0-9_.])")
NAMED = re.compile(r"\b([a-z_]+)(?:\([^)]*\))? AS (?:NOT )?(?:MATERIALIZED )?\(")
TENANT = re.compile(r"\btenant_id\b")
SOURCES = re.compile(r"excluded|stdin|stdout", re.IGNORECASE)


@dataclass(frozen=True)
class Exemption:
    """Statements that are about all tenants, and whose they are."""

    who: str
    pattern: re.Pattern


# All that a service asks the database about several tenants at once. Nothing of it is asked for a
# caller.
EXEMPTIONS = (
    Exemption("relay, sealer and event streams, which follow the journal in its order, and leases",
              re.compile(r"FROM journal_\d{8} j WHERE \(j\.xid, j\.seq\)|FROM journal_epoch|"
                         r"FROM relay_cursor|INSERT INTO relay_cursor|sum\(j\.size\) OVER|"
                         r"pg_snapshot_xmin|INSERT INTO lease\b|FROM lease\b")),
    Exemption("projection reader: the gate of a consumer, and how much waits behind it",
              re.compile(r"FROM consumer_gate|FROM parked_event p WHERE p\.consumer")),
    Exemption("projection reader: who may do what, for all callers of the process",
              re.compile(r"FROM policy_record WHERE \(xid, tenant_id, name\) >")),
    Exemption("purge of what consumers remember", re.compile(r"DELETE FROM inbox_other")),
    Exemption("partition upkeep", re.compile(r"add_day_partition|FROM pg_inherits|FROM pg_locks")),
    Exemption("migrations", re.compile(
        r"\bschema_migration\b|INSERT INTO journal_epoch|UPDATE parked_event SET key = |"
        r"UPDATE timeline_entry SET actor = |FROM pg_index|FROM pg_stat_activity")),
    Exemption("set-up of reporting", re.compile(r"lotura_report\.login|FROM pg_roles")),
)


@dataclass
class Statements:
    scoped: list[str] = field(default_factory=list)
    exempt: Counter = field(default_factory=Counter)
    unscoped: list[str] = field(default_factory=list)


def tables_of(text: str) -> list[str]:
    """Each mention of a table."""
    named = set(NAMED.findall(text))
    return [table for table in TABLE.findall(text)
            if table not in named and not SOURCES.fullmatch(table) and not _is_column(table, text)]


def _is_column(name: str, text: str) -> bool:
    """Whether it is a column of something that the statement gives a name."""
    alias, dot, _ = name.partition(".")
    return bool(dot) and re.search(rf"\b(?:AS )?{alias}\b[ (,)]", text.replace(name, "")) is not None


def is_scoped(text: str) -> bool:
    """Whether each of its tables is told the tenant, or tells it of its rows."""
    tables = tables_of(text)
    return bool(tables) and len(TENANT.findall(text)) >= len(tables)


def judge(texts: Iterable[str]) -> Statements:
    found = Statements()
    for text in texts:
        plain = SPACE.sub(" ", COMMENT.sub(" ", text + "\n")).strip()
        exemption = next((one for one in EXEMPTIONS if one.pattern.search(plain)), None)
        if exemption is not None:
            found.exempt[exemption.who] += 1
        elif UTILITY.match(plain) or not tables_of(plain):
            found.exempt["nobody's data"] += 1
        elif is_scoped(plain):
            found.scoped.append(plain)
        else:
            found.unscoped.append(plain)
    return found
