"""Random filters, each as it is written and as a function of a record."""

import datetime
import operator
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fault.leaks import canary, values
from fault.leaks.schema import Column, RecordType

COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
               "=": operator.eq, "!=": operator.ne}
ORDERED = ("<", "<=", ">", ">=")
WHOLE = ("founded_year", "employee_count", "min_quantity", "position", "win_probability")
OPTIONAL_WHOLE = ("founded_year", "employee_count", "min_quantity", "win_probability")
DAYS = ("birth_date", "start_date", "end_date", "expected_close_date", "close_date")
ENUMS = {"Opportunity.state": ("STATE_OPEN", "STATE_WON", "STATE_LOST"), **values.CHOICES}
INSTANTS = ("start_time", "end_time")
# Canaries count up: bounds lie among those that a world begins with.
NUMBERS, TEXTS = 2_000, 12_000


@dataclass(frozen=True)
class Condition:
    """A filter, what it means, and the fields that it speaks of."""

    text: str
    holds: Callable[[object], bool]
    columns: frozenset[str]


EVERYTHING = Condition("", lambda record: True, frozenset())


def term(chance: random.Random, type_: RecordType, column: Column) -> Condition | None:
    """A random condition on the field; None if there is none for its kind."""
    makers = (_common, _text, _whole, _money, _day, _instant, _enum, _reference, _repeated, _flag)
    for make in makers:
        made = make(chance, type_, column)
        if made is not None:
            return Condition(*made, frozenset({column.name}))
    return None


def _compare(sign: str, read: Callable, bound) -> Callable[[object], bool]:
    """False where the field is not set, whatever the sign."""
    compares = COMPARISONS[sign]

    def holds(record) -> bool:
        value = read(record)
        return value is not None and compares(value, bound)

    return holds


def _common(chance, type_, column):
    if column.name not in values.COMMON:
        return None
    name, sign = column.name, chance.choice(("=", "!=", "<", ">="))
    word = chance.choice(values.COMMON[name])
    return f'{name} {sign} "{word}"', _compare(sign, lambda record: getattr(record, name), word)


def _text(chance, type_, column):
    name = column.name
    if name not in (*values.TEXTS, "email", "domain"):
        return None
    shape = chance.choice(("present", "contains", "stars", "bound"))
    if shape == "present":
        return f"{name}:*", lambda record: getattr(record, name) != ""
    if shape == "bound":
        sign, bound = chance.choice(ORDERED), canary.text(0, chance.randrange(TEXTS))[:6]
        return f'{name} {sign} "{bound}"', _compare(sign, lambda record: getattr(record, name),
                                                    bound)
    digit = chance.choice("2345678")
    text = f'contains({name}, "{digit}")' if shape == "contains" else f'{name} = "*{digit}*"'
    return text, lambda record: digit in getattr(record, name)


def _whole(chance, type_, column):
    name = column.name
    if name not in WHOLE:
        return None
    sign, bound = chance.choice(ORDERED), chance.randrange(*values.COUNTS[name])

    def read(record):
        unset = name in OPTIONAL_WHOLE and not record.HasField(name)
        return None if unset else getattr(record, name)

    return f"{name} {sign} {bound}", _compare(sign, read, bound)


def _money(chance, type_, column):
    name = column.name
    if name not in (*values.MONEY, "close_amount"):
        return None
    if chance.random() < 0.4:
        code = chance.choice(values.CURRENCIES)
        return (f'{name}.currency_code = "{code}"', lambda record: record.HasField(name)
                and getattr(record, name).currency_code == code)
    sign, bound = chance.choice(ORDERED), canary.number(0, chance.randrange(NUMBERS))
    return f"{name} {sign} {bound}", _compare(sign, lambda record: (
        getattr(record, name).units + getattr(record, name).nanos / 1e9
        if record.HasField(name) else None), bound)


def _day(chance, type_, column):
    name = column.name
    if name not in DAYS:
        return None
    first, last = values.DAYS.get(name, (2020, 2030))
    sign, bound = chance.choice(ORDERED), datetime.date(chance.randrange(first, last), 7, 1)
    return f"{name} {sign} {bound.isoformat()}", _compare(sign, lambda record: (
        _date(getattr(record, name)) if record.HasField(name) else None), bound)


def _date(day) -> datetime.date:
    return datetime.date(day.year, day.month, day.day)


def _instant(chance, type_, column):
    name = column.name
    if name not in INSTANTS:
        return None
    begin = values.INSTANTS[name] // 86400
    day = begin + chance.randrange(values.INSTANT_SPAN_S // 86400)
    text = datetime.date.fromordinal(datetime.date(1970, 1, 1).toordinal() + day).isoformat()
    sign = chance.choice(("<", ">="))
    return f"{name} {sign} {text}", _compare(sign, lambda record: (
        getattr(record, name).seconds if record.HasField(name) else None), day * 86400)


def _enum(chance, type_, column):
    name = column.name
    key = f"{type_.message.rpartition('.')[2]}.{name}"
    words = ENUMS.get(key) or ENUMS.get(name)
    if words is None:
        return None
    word, sign = chance.choice(words), chance.choice(("=", "!="))
    number = type_.new.DESCRIPTOR.fields_by_name[name].enum_type.values_by_name[word].number
    return f"{name} {sign} {word}", _compare(sign, lambda record: getattr(record, name), number)


def _reference(chance, type_, column):
    name = column.name
    if not column.references or column.references == ("*",) \
            or _is_repeated(type_, name):
        return None
    if chance.random() < 0.5:
        return f"{name}:*", lambda record: getattr(record, name) != ""
    # The names of records differ in their last figures.
    figure = chance.choice("0123456789")
    return f'NOT {name} = "*{figure}"', lambda record: not getattr(record, name).endswith(figure)


def _is_repeated(type_: RecordType, name: str) -> bool:
    field = type_.new.DESCRIPTOR.fields_by_name[name]
    return field.label == field.LABEL_REPEATED


def _repeated(chance, type_, column):
    name = column.name
    if name == "tags":
        tag = chance.choice(values.TAGS)
        return f'tags:"{tag}"', lambda record: tag in record.tags
    if name == "addresses":
        code = chance.choice(values.COMMON["country_code"])
        return (f'addresses.region_code = "{code}"', lambda record: any(
            one.region_code == code for one in record.addresses))
    if name == "phones":
        label = chance.choice(values.LABELS)
        return (f'phones.label = "{label}"', lambda record: any(
            one.label == label for one in record.phones))
    if name in ("emails", "lines", "regarding", "participants"):
        return f"{name}:*", lambda record: bool(getattr(record, name))
    return None


def _flag(chance, type_, column):
    if column.name != "suspended":
        return None
    return "suspended = true", lambda record: record.suspended


def random_condition(chance: random.Random, type_: RecordType, columns: Iterable[Column],
                     depth: int = 2) -> Condition:
    """Over some of these fields; EVERYTHING if none of them can be asked for."""
    terms = [made for column in chance.sample(list(columns), len(list(columns)))
             if (made := term(chance, type_, column)) is not None]
    return _combine(chance, terms, depth) if terms else EVERYTHING


def _combine(chance: random.Random, terms: list[Condition], depth: int) -> Condition:
    shape = chance.choice(("term", "term", "and", "or", "not")) if depth else "term"
    if shape == "term":
        return chance.choice(terms)
    left = _combine(chance, terms, depth - 1)
    if shape == "not":
        return Condition(f"NOT ({left.text})", lambda record: not left.holds(record), left.columns)
    right = _combine(chance, terms, depth - 1)
    both = left.columns | right.columns
    if shape == "and":
        return Condition(f"({left.text}) AND ({right.text})",
                         lambda record: left.holds(record) and right.holds(record), both)
    return Condition(f"({left.text}) OR ({right.text})",
                     lambda record: left.holds(record) or right.holds(record), both)
