"""docs/refusals.md: what comes of calls of which something is wrong on purpose, for every RPC.

An attack is declared once, with what comes of it and of which RPCs it can be made; the rows are those
of the table of authorization.
"""

import enum
from dataclasses import dataclass
from pathlib import Path

from devkit.page import table

from authorization.catalog import Catalog, Kind, Rpc
from authorization.rows import Judgement, Row, rows

PROSE = Path(__file__).parent / "refusals.md.in"
HEALTH, REFLECTION = "grpc.health.v1.Health/", "grpc.reflection."
WRITES = (Kind.CREATE, Kind.BATCH_CREATE, Kind.UPDATE, Kind.BATCH_UPDATE, Kind.IMPORT)
CREATIONS = (Kind.CREATE, Kind.BATCH_CREATE, Kind.IMPORT)
UPDATES = (Kind.UPDATE, Kind.BATCH_UPDATE)
SUBSCRIBE = "Subscribe"


@dataclass(frozen=True)
class Outcome:
    """A code and a reason; OK, and what is true of the answer."""

    code: str
    reason: str = ""
    letter: str = ""

    @property
    def text(self) -> str:
        return f"`{self.code}` `{self.reason}`" if self.code != "OK" else f"done; {self.reason}"


UNTOUCHED = Outcome("OK", "what is not the caller's to set stays as it is", "=")
PAGED = Outcome("OK", "at most 1,000 records come", "=")
DONE = Outcome("OK", "nobody is asked who he is", "+")
# Before the request is looked at, to a caller of any other tenant.
OPERATORS = Outcome("PERMISSION_DENIED", "OPERATOR_ONLY", "o")


def _unauthenticated(reason: str) -> Outcome:
    return Outcome("UNAUTHENTICATED", reason, "u")


def _invalid(reason: str) -> Outcome:
    return Outcome("INVALID_ARGUMENT", reason, "i")


class Attack(enum.Enum):
    """Its name in the table, what is sent, and what comes of it."""

    NO_TOKEN = ("none", "no token", _unauthenticated("TOKEN_MISSING"))
    EXPIRED = ("exp", "a token that has expired", _unauthenticated("TOKEN_EXPIRED"))
    EARLY = ("nbf", "one that is not yet valid", _unauthenticated("TOKEN_NOT_YET_VALID"))
    AUDIENCE = ("aud", "one for somebody else", _unauthenticated("TOKEN_AUDIENCE"))
    ISSUER = ("iss", "one of an issuer that nobody trusts", _unauthenticated("TOKEN_ISSUER"))
    UNSIGNED = ("alg", "one without a signature, `alg` `none`", _unauthenticated("TOKEN_ALGORITHM"))
    SYMMETRIC = ("hs", "one that is signed with the public key as if it were a secret, HS256",
                 _unauthenticated("TOKEN_ALGORITHM"))
    KEY_PATH = ("kid", "one whose `kid` leads to a file, or is a piece of SQL",
                _unauthenticated("TOKEN_SIGNATURE"))
    TRUNCATED = ("cut", "one that was cut off in its signature", _unauthenticated("TOKEN_SIGNATURE"))
    OVERSIZED = ("big", "one of more than 16 KiB", _unauthenticated("TOKEN_MALFORMED"))
    TENANTLESS = ("ten", "one that names no tenant", _unauthenticated("TOKEN_CLAIMS"))
    ROLE = ("role", "a sound one that permits other calls alone",
            Outcome("PERMISSION_DENIED", "PERMISSION_DENIED", "p"))
    READ_ONLY = ("out", "values for all `OUTPUT_ONLY` fields, the engine's times among them, also named "
                 "by the mask", UNTOUCHED)
    IMMUTABLE = ("imm", "another value for a field that is set for good", _invalid("IMMUTABLE"))
    BACKDATED = ("back", "times of the past, without the permission to set them",
                 Outcome("PERMISSION_DENIED", "PERMISSION_DENIED", "p"))
    PAGE_MAX = ("2³¹-1", "a `page_size` of 2,147,483,647", PAGED)
    PAGE_NEGATIVE = ("-1", "a negative `page_size`", _invalid("OUT_OF_RANGE"))
    DEEP_FILTER = ("deep", "a filter of a thousand parentheses, each within the one before",
                   _invalid("FILTER_SYNTAX"))
    LARGE_BODY = ("5 MiB", "a request of 5 MiB", Outcome("RESOURCE_EXHAUSTED", "REQUEST_TOO_LARGE", "r"))
    DEEP_BODY = ("nest", "a request of ten thousand messages, each within the one before",
                 _invalid("REQUEST_MALFORMED"))

    @property
    def title(self) -> str:
        return self.value[0]

    @property
    def sent(self) -> str:
        return self.value[1]

    @property
    def outcome(self) -> Outcome:
        return self.value[2]


OF_TOKENS = tuple(Attack)[:tuple(Attack).index(Attack.ROLE)]
OF_BODIES = (Attack.LARGE_BODY, Attack.DEEP_BODY)


def _has(catalog: Catalog, rpc: Rpc, field: str) -> bool:
    return any(one.name == field for one in catalog.fields.get(rpc.request, ()))


def _columns(rpc: Rpc, attack: Attack) -> bool:
    """Whether a record that the RPC takes has fields for the attack."""
    if rpc.type is None or rpc.kind not in WRITES:
        return False
    match attack:
        case Attack.IMMUTABLE:
            return rpc.kind in UPDATES and any(one.immutable for one in rpc.type.columns)
        case Attack.BACKDATED:
            return rpc.kind in CREATIONS and any(one.backdatable for one in rpc.type.columns)
        case _:
            return True


def expected(catalog: Catalog, row: Row, attack: Attack) -> Outcome | None:
    """What comes of the attack; nothing if it cannot be made of that RPC."""
    rpc = row.rpc
    if rpc.path.startswith(HEALTH):
        return DONE if attack in (*OF_TOKENS, Attack.ROLE) else None
    if rpc.path.startswith(REFLECTION):
        return attack.outcome if attack in OF_TOKENS else None
    match attack:
        case Attack.READ_ONLY | Attack.IMMUTABLE | Attack.BACKDATED:
            # Of what is the operator's no other tenant's caller writes any field.
            applies = _columns(rpc, attack) and not catalog.is_operators(rpc.type)
        case Attack.PAGE_MAX | Attack.PAGE_NEGATIVE:
            applies = _has(catalog, rpc, "page_size")
        case Attack.DEEP_FILTER:
            applies = _has(catalog, rpc, "filter") or rpc.method == SUBSCRIBE
        case Attack.LARGE_BODY | Attack.DEEP_BODY if rpc.operator_only:
            return OPERATORS
        case _:
            applies = True
    return attack.outcome if applies else None


def cells(catalog: Catalog) -> list[tuple[Row, Attack, Outcome]]:
    """Everything that can be tried, each RPC once."""
    once = {row.rpc.path: row for row in rows(catalog)}
    found = [(row, attack, expected(catalog, row, attack)) for row in once.values()
             for attack in Attack]
    return [(row, attack, outcome) for row, attack, outcome in found if outcome is not None]


def _table(catalog: Catalog) -> str:
    """A section for each package."""
    sections: dict[str, list[tuple]] = {}
    once = {row.rpc.path: row for row in rows(catalog)}
    for row in once.values():
        outcomes = [expected(catalog, row, attack) for attack in Attack]
        letters = [f"`{one.letter}`" if one is not None else "" for one in outcomes]
        section = "grpc" if row.judgement is Judgement.OPEN else f"lotura.{row.rpc.service}.v1"
        title = row.rpc.path if row.judgement is Judgement.OPEN else row.rpc.method
        sections.setdefault(section, []).append((f"`{title}`", *letters))
    header = ("RPC", *(attack.title for attack in Attack))
    return "\n\n".join(f"### {name}\n\n{table(header, lines)}" for name, lines in sections.items())


def text(catalog: Catalog) -> str:
    attacks = table(("column", "what is sent", "what comes of it"),
                    [(attack.title, attack.sent, attack.outcome.text) for attack in Attack])
    return PROSE.read_text(encoding="utf-8").format(attacks=attacks, table=_table(catalog))
