"""Fields of records, each with a canary in it as far as its type bears one."""

import datetime
import random
from collections.abc import Callable

from fault.leaks.canary import Mint
from fault.leaks.schema import Column, RecordType, record_types

# What many records have in common, so that filters find some of them.
COMMON = {"sector": ("retail", "medical", "software", "quarry"),
          "series": ("GTX Pro", "MG Special"), "region": ("Eastern", "Western"),
          "outcome": ("no answer", "delighted"), "country_code": ("DE", "US", "FR"),
          "language_code": ("de-AT", "en-GB", "fr-CH"), "currency_code": ("EUR",)}
TEXTS = ("display_name", "given_name", "family_name", "description", "subject", "body", "job_title",
         "sku", "external_id")
TAGS = ("vip", "prospect", "dormant")
CURRENCIES = ("EUR", "USD")
LABELS = ("desk-line", "home-line")
MONEY = ("annual_revenue", "list_price", "unit_price", "amount")
# Days from the first year to the second, and instants from a second on: none ends before it begins.
DAYS = {"birth_date": (1100, 1900), "start_date": (1100, 1500), "end_date": (1600, 2000),
        "expected_close_date": (2100, 2900)}
INSTANTS = {"start_time": 978_307_200, "end_time": 1_293_840_000, "expire_time": 978_307_200}
SHARES = ("READERS", "EDITORS")
INSTANT_SPAN_S = 250_000_000
COUNTS = {"founded_year": (1000, 2000), "employee_count": (1_000, 100_000_000),
          "min_quantity": (1_000, 1_000_000_000), "position": (1_000, 10_000),
          "win_probability": (1, 100)}
CHOICES = {"Activity.kind": ("KIND_CALL", "KIND_MEETING", "KIND_MESSAGE", "KIND_NOTE"),
           "direction": ("DIRECTION_INBOUND", "DIRECTION_OUTBOUND"),
           "Stage.kind": ("KIND_OPEN", "KIND_WON", "KIND_LOST")}
# Who may do what is no random value; roles.py makes them.
POLICY = ("permissions", "record_rules", "field_rules", "record_types", "expire_time",
          "permission_sets", "suspended")
# Nobody calls as one of them, so that what they may do is no part of a policy.
NO_CALLERS = "directory.lotura/Client"
# Picked instead of a type: a user who may call, and a team that has such users.
OWNER, TEAM = "owner", "team"
MEMBERS = {"directory.lotura/User": OWNER, "directory.lotura/Team": TEAM}
TRIES = 100
OPTIONAL_SHARE = 0.85
WITH_LINES_SHARE = 0.2


def _of_policy(type_: RecordType, column: Column) -> bool:
    return column.name in POLICY and type_.type != NO_CALLERS


class Values:
    """Makes fields with numbers of its own. `pick` returns the name of a record of a type that may
    be referred to, or of an OWNER or a TEAM; or nothing."""

    def __init__(self, mint: Mint, chance: random.Random, pick: Callable[[str], str]):
        self.mint = mint
        self.chance = chance
        self._pick = pick

    def record(self, type_: RecordType, **given) -> dict:
        """The fields of a new record that the service accepts."""
        fields = dict(given)
        for column in type_.columns.values():
            wanted = column.required or column.name == "display_name" \
                or self.chance.random() < OPTIONAL_SHARE
            if column.name in fields or _of_policy(type_, column) or column.output_only \
                    or not wanted:
                continue
            value = self.value(type_, column)
            # A few looks may find nothing that may be referred to.
            tries = iter(range(TRIES if column.required else 0))
            while value in (None, [], "") and next(tries, None) is not None:
                value = self.value(type_, column)
            if value not in (None, [], ""):
                fields[column.name] = value
        if "start_time" not in fields:
            fields.pop("end_time", None)  # It would begin now.
        if type_.singular == "opportunity" and self.chance.random() < WITH_LINES_SHARE:
            self._add_lines(fields)
        return fields

    @staticmethod
    def changeable(type_: RecordType) -> list[Column]:
        """What an update may set, of what no policy is made of."""
        return [column for column in type_.columns.values()
                if not (column.output_only or column.immutable or _of_policy(type_, column)
                        or column.name == "lines")]

    def change(self, type_: RecordType, columns: list[Column]) -> dict:
        """New values of these fields."""
        return {column.name: self.value(type_, column) for column in columns}

    def value(self, type_: RecordType, column: Column):
        """A new value of the field; None or empty to leave it unset."""
        name = column.name
        choices = CHOICES.get(name) or CHOICES.get(f"{type_.message.rpartition('.')[2]}.{name}")
        if choices:
            return self.chance.choice(choices)
        if name in COMMON:
            return self.chance.choice(COMMON[name])
        if name in TEXTS:
            return self.mint.text()
        if name in MONEY:
            return self.money("EUR" if type_.singular == "price" else None)
        if name in DAYS:
            return self._day(*DAYS[name])
        if name in INSTANTS:
            return self.instant(INSTANTS[name])
        if name in COUNTS:
            return self.chance.randrange(*COUNTS[name])
        if column.references:
            return self._reference(type_, column)
        if name == "suspended":
            return self.chance.random() < 0.5
        made = {"domain": self._domain, "email": self.email, "emails": lambda: [self.email()],
                "phones": self._phones, "addresses": self._addresses, "tags": self._tags}
        return made[name]() if name in made else None

    def money(self, currency: str | None = None) -> dict:
        return {"currency_code": currency or self.chance.choice(CURRENCIES),
                "units": self.mint.number()}

    def email(self) -> str:
        return f"{self.mint.text()}@example.com"

    def instant(self, begin: int) -> dict:
        return {"seconds": begin + self.chance.randrange(INSTANT_SPAN_S),
                "nanos": self.chance.randrange(1_000_000) * 1000}

    def _domain(self) -> str:
        return f"{self.mint.text()}.example"

    def _phones(self) -> list[dict]:
        return [{"number": self.mint.phone(), "label": self.chance.choice(LABELS),
                 "extension": str(self.chance.randrange(10_000, 99_999))}]

    def _addresses(self) -> list[dict]:
        return [{"region_code": self.chance.choice(COMMON["country_code"]),
                 "locality": self.mint.text(), "address_lines": [self.mint.text()]}]

    def _tags(self) -> list[str]:
        return [*self.chance.sample(TAGS, self.chance.randrange(len(TAGS))), self.mint.text()]

    def _day(self, first_year: int, last_year: int) -> dict:
        begin = datetime.date(first_year, 1, 1).toordinal()
        span = datetime.date(last_year, 1, 1).toordinal() - begin
        day = datetime.date.fromordinal(begin + self.chance.randrange(span))
        return {"year": day.year, "month": day.month, "day": day.day}

    def _reference(self, type_: RecordType, column: Column):
        """Names of the same service as they are, of others in full."""
        if column.references == ("*",):
            return [self.full(self._pick(self.chance.choice(
                ("accounts.lotura/Person", "sales.lotura/Opportunity"))))]
        if column.whose in SHARES:
            return self._shared_with(column)
        chosen = self.chance.choice(column.references)
        name = self._pick(OWNER if column.whose == "OWNER" else chosen)
        return name if not name or chosen.startswith(f"{type_.service}.") else self.full(name)

    def _shared_with(self, column: Column) -> list[str]:
        """Mostly with nobody, else with those who may see it by that."""
        count = self.chance.choice((0, 0, 0, 1, 2))
        picked = {self._pick(MEMBERS[self.chance.choice(column.references)])
                  for _ in range(count)}
        return [self.full(name) for name in sorted(picked) if name]

    @staticmethod
    def full(name: str) -> str:
        """Of "people/p1" in another service: "//accounts.lotura/people/p1"."""
        collection = name.split("/")[0]
        service = next(one.service for one in record_types().values()
                       if one.collection == collection)
        return f"//{service}.lotura/{name}"

    def _add_lines(self, fields: dict) -> None:
        """The amount then is their sum, whatever was sent."""
        product, currency = self._pick("sales.lotura/Product"), self.chance.choice(CURRENCIES)
        if not product:
            return
        fields.pop("amount", None)
        fields["lines"] = [{"product": product, "quantity": 1, "unit_price": self.money(currency)}]
