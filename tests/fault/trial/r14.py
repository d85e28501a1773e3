"""R14: lists are complete, whatever the filter, the order and the pages, while others insert."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc

from devkit.stack import Arrangement
from kit.api import Client, Refused, request_id

from fault.trial.figures import Criterion
from fault.trial.supervisor import Trial

TITLE = "random filters, orders and pages against a model, while others insert"
SECONDS = 120
ROWS = 10_000
BATCH = 100
INSERT_PAUSE_S = 0.02
QUERIES_A_SECOND = 5  # Each read to its end.
SERVICE = "lotura.accounts.v1.OrganizationService"
SECTORS = ("retail", "medical", "Software", "zinc & co", "")
COUNTRIES = ("DE", "US", "FR", "JP")
TAGS = ("vip", "lead", "old", "new")
# By what a list goes; empty is the first order that is declared.
ORDERS = {"": lambda row: row.display_name.encode(),
          "display_name": lambda row: row.display_name.encode(),
          "create_time desc": lambda row: -row.create_time.ToNanoseconds()}


@dataclass(frozen=True)
class Row:
    name: str
    display_name: str
    sector: str
    country_code: str
    employee_count: int
    tags: tuple[str, ...]


@dataclass(frozen=True)
class Filter:
    """A filter as it is written, and as a function on a row."""

    text: str
    holds: Callable[[Row], bool]


COMPARISONS = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
               ">=": lambda a, b: a >= b, "=": lambda a, b: a == b, "!=": lambda a, b: a != b}


def term(chance: random.Random) -> Filter:
    kind = chance.choice(("sector", "country_code", "employee_count", "display_name", "tags"))
    if kind == "employee_count":
        sign, bound = chance.choice(list(COMPARISONS)), chance.randrange(1000)
        return Filter(f"employee_count {sign} {bound}",
                      lambda row: COMPARISONS[sign](row.employee_count, bound))
    if kind == "tags":
        tag = chance.choice(TAGS)
        return Filter(f'tags:"{tag}"', lambda row: tag in row.tags)
    if kind == "display_name":
        beginning = f"row {chance.randrange(100):02d}"
        return Filter(f'display_name = "{beginning}*"',
                      lambda row: row.display_name.startswith(beginning))
    value = chance.choice(SECTORS[:-1] if kind == "sector" else COUNTRIES)
    sign = chance.choice(("=", "!=", "<", ">="))
    return Filter(f'{kind} {sign} "{value}"',
                  lambda row: COMPARISONS[sign](getattr(row, kind), value))


def filter_of(chance: random.Random, depth: int = 3) -> Filter:
    shape = chance.choice(("term", "term", "and", "or", "not")) if depth else "term"
    if shape == "term":
        return term(chance)
    left = filter_of(chance, depth - 1)
    if shape == "not":
        return Filter(f"NOT ({left.text})", lambda row: not left.holds(row))
    right = filter_of(chance, depth - 1)
    if shape == "and":
        return Filter(f"({left.text}) AND ({right.text})",
                      lambda row: left.holds(row) and right.holds(row))
    return Filter(f"({left.text}) OR ({right.text})",
                  lambda row: left.holds(row) or right.holds(row))


def fields_of(chance: random.Random, number: int) -> dict:
    tags = chance.sample(TAGS, chance.randrange(len(TAGS)))
    return {"display_name": f"row {chance.randrange(100):02d} {number}",
            "sector": chance.choice(SECTORS), "country_code": chance.choice(COUNTRIES),
            "employee_count": chance.randrange(1000), "tags": tags}


def fill(client: Client, chance: random.Random) -> dict[str, Row]:
    """Creates the rows that stay; by name."""
    rows = {}
    for begin in range(0, ROWS, BATCH):
        wanted = [fields_of(chance, number) for number in range(begin, begin + BATCH)]
        answer = client.call(f"{SERVICE}/BatchCreateOrganizations",
                             requests=[{"organization": fields} for fields in wanted],
                             request_id=request_id())
        for made, fields in zip(answer.organizations, wanted, strict=True):
            rows[made.name] = Row(made.name, **(fields | {"tags": tuple(fields["tags"])}))
    return rows


class Inserts:
    """Others, who insert as long as the block lasts."""

    def __init__(self, client: Client, chance: random.Random):
        self._client = client
        self._chance = chance
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._insert)
        self.count = 0

    def __enter__(self) -> "Inserts":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._end.set()
        self._thread.join()

    def _insert(self) -> None:
        while not self._end.wait(INSERT_PAUSE_S):
            self._client.call(f"{SERVICE}/CreateOrganization",
                              organization=fields_of(self._chance, ROWS + self.count))
            self.count += 1


@dataclass
class Tally:
    queries: int = 0
    pages: int = 0
    refused: int = 0
    missing: int = 0
    extra: int = 0
    repeated: int = 0
    disordered: int = 0


def names_of(client: Client, filter_text: str, order: str, page_size: int,
             tally: Tally) -> list[tuple[str, object]]:
    """Name and place in the order of all that is listed, as it came."""
    found, token = [], ""
    while True:
        page = client.call(f"{SERVICE}/ListOrganizations", filter=filter_text, order_by=order,
                           page_size=page_size, page_token=token)
        tally.pages += 1
        found += [(row.name, ORDERS[order](row)) for row in page.organizations]
        token = page.next_page_token
        if not token:
            return found


def query_once(client: Client, chance: random.Random, rows: dict[str, Row], tally: Tally) -> None:
    wanted = filter_of(chance)
    order = chance.choice(list(ORDERS))
    try:
        found = names_of(client, wanted.text, order, chance.choice((50, 200, 1000)), tally)
    except grpc.RpcError as error:
        # No index serves it within the budget of rows: said, not answered wrongly.
        if Refused(error).reason != "QUERY_TOO_EXPENSIVE":
            raise
        tally.refused += 1
        return
    tally.queries += 1
    names = [name for name, _ in found]
    stable = {name for name in names if name in rows}
    expected = {name for name, row in rows.items() if wanted.holds(row)}
    tally.missing += len(expected - stable)
    tally.extra += len(stable - expected)
    tally.repeated += len(names) - len(set(names))
    places = [place for _, place in found]
    tally.disordered += places != sorted(places)


def run(trial: Trial) -> list[Criterion]:
    tally = Tally()
    with trial.stack() as stack:
        stack.start_backends()
        stack.start_services(Arrangement.SEPARATE)
        token = stack.issuer.mint()
        with Client(stack.grpc("accounts"), token) as client, \
             Client(stack.grpc("accounts"), token) as other:
            rows = fill(client, trial.chance("rows"))
            chance = trial.chance("filters")
            with Inserts(other, trial.chance("inserts")) as inserts:
                end = time.monotonic() + trial.seconds
                while time.monotonic() < end:
                    query_once(client, chance, rows, tally)
    trial.figures |= {"rows": len(rows), "inserted meanwhile": inserts.count,
                      "pages": tally.pages, "refused as too expensive": tally.refused}
    return [Criterion("queries", tally.queries, ">=", trial.seconds * QUERIES_A_SECOND),
            Criterion("rows missing", tally.missing, "==", 0),
            Criterion("rows that do not belong", tally.extra, "==", 0),
            Criterion("rows repeated", tally.repeated, "==", 0),
            Criterion("lists out of order", tally.disordered, "==", 0)]
