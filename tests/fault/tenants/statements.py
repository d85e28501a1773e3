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
TABLE = re.compile(r"(?<!DISTINCT )\b(?P<how>FROM|JOIN|INTO|UPDATE|COPY)\s+(?:ONLY\s+)?"
                   r"(?P<table>[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)"
                   r"(?![a-z0-9_.]*\()(?![a-z0-9_.])")
NAMED = re.compile(r"\b([a-z_]+)(?:\([^)]*\))? AS (?:NOT )?(?:MATERIALIZED )?\(")
# What is written into a table is told of whom it is by the columns; what is read, changed or deleted
# must be found by the tenant: alone, of another table, or within the values of a row.
WRITTEN = ("INTO", "COPY")
COLUMNS = re.compile(r"(?: AS [a-z_]+)? ?\([^()]*\btenant_id\b[^()]*\)")
TENANT = r"(?:[a-z_][a-z0-9_]*\.)?tenant_id\b"
CONDITION = re.compile(rf"\b(?:WHERE|AND|ON) \(*(?:{TENANT} ?(?:=|IN\b|IS NOT DISTINCT FROM\b)"
                       rf"|[^ ()]+ ?= ?{TENANT}|(?:[^()]*, ?)?{TENANT}(?:,[^()]*)?\) ?(?:=|IN\b))"
                       r"|\bUSING ?\((?:[^()]*, ?)?tenant_id\b[^()]*\)")
SOURCES = re.compile(r"excluded|stdin|stdout", re.IGNORECASE)


@dataclass(frozen=True)
class Exemption:
    """Statements that are about all tenants, and whose they are."""

    who: str
    pattern: re.Pattern


# All that a service asks the database about several tenants at once. Nothing of it is asked for a
# caller.
EXEMPTIONS = (
    Exemption("relay, sealer and event streams, which follow the journal in its order, the archive, "
              "and leases",
              re.compile(r"FROM journal_\d{8} j WHERE \(j\.xid, j\.seq\)|FROM journal_epoch|"
                         r"FROM relay_cursor|INSERT INTO relay_cursor|sum\(j\.size\) OVER|"
                         r"pg_snapshot_xmin|(?:INSERT INTO|FROM|UPDATE) lease\b|"
                         r"RECURSIVE sealed AS")),
    Exemption("projection reader: the gate of a consumer, what waits behind it, and why",
              re.compile(r"FROM consumer_gate|FROM parked_event p WHERE p\.consumer|"
                         r"FROM dead_letter d (?:WHERE d\.consumer|CROSS JOIN LATERAL \( ?SELECT .* "
                         r"WHERE p\.tenant_id = d\.tenant_id)")),
    Exemption("projection reader: who may do what, for all callers of the process",
              re.compile(r"FROM policy_record WHERE \(xid, tenant_id, name\) >")),
    Exemption("purge of what consumers remember", re.compile(r"DELETE FROM inbox_other")),
    Exemption("partition upkeep", re.compile(r"add_day_partition|FROM pg_inherits|FROM pg_locks")),
    Exemption("migrations", re.compile(
        r"\bschema_migration\b|INSERT INTO journal_epoch|UPDATE parked_event SET key = |"
        r"UPDATE dead_letter d SET key = |UPDATE timeline_entry SET actor = |FROM pg_index|FROM pg_stat_activity")),
    Exemption("set-up of reporting", re.compile(r"lotura_report\.login|FROM pg_roles")),
)


@dataclass
class Statements:
    scoped: list[str] = field(default_factory=list)
    exempt: Counter = field(default_factory=Counter)
    unscoped: list[str] = field(default_factory=list)


def tables_of(text: str) -> list[str]:
    """Each mention of a table."""
    return [mention["table"] for mention in _mentions(text)]


def _mentions(text: str) -> list[re.Match]:
    named = set(NAMED.findall(text))
    return [mention for mention in TABLE.finditer(text)
            if mention["table"] not in named and not SOURCES.fullmatch(mention["table"])
            and not _is_column(mention["table"], text)]


def _is_column(name: str, text: str) -> bool:
    """Whether it is a column of something that the statement gives a name."""
    alias, dot, _ = name.partition(".")
    return bool(dot) and re.search(rf"\b(?:AS )?{alias}\b[ (,)]", text.replace(name, "")) is not None


def is_scoped(text: str) -> bool:
    """Whether the rows of each of its tables are found by the tenant, or written with it."""
    mentions = _mentions(text)
    written = [one for one in mentions if one["how"] in WRITTEN]
    return (bool(mentions) and all(COLUMNS.match(text, one.end()) for one in written)
            and len(CONDITION.findall(text)) >= len(mentions) - len(written))


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
