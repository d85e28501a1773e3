"""What a trial found: criteria that it had to keep, and figures that explain them."""

import operator
from dataclasses import asdict, dataclass, field

OPERATORS = {"==": operator.eq, "<=": operator.le, ">=": operator.ge, ">": operator.gt}


@dataclass(frozen=True)
class Criterion:
    """One figure and the bound that it had to keep."""

    name: str
    value: float
    op: str
    goal: float

    @property
    def met(self) -> bool:
        return OPERATORS[self.op](self.value, self.goal)

    def as_json(self) -> dict:
        return {"name": self.name, "value": _rounded(self.value), "op": self.op, "goal": self.goal,
                "met": self.met}


@dataclass(frozen=True)
class Result:
    """Criteria of one trial, what else it saw - names, and numbers or texts - and on which day."""

    id: str
    seed: int
    seconds: float
    criteria: tuple[Criterion, ...]
    figures: dict[str, object] = field(default_factory=dict)
    date: str = ""

    @property
    def met(self) -> bool:
        return all(criterion.met for criterion in self.criteria)

    def as_json(self) -> dict:
        return {"id": self.id, "seed": self.seed, "seconds": self.seconds,
                "criteria": [criterion.as_json() for criterion in self.criteria], "met": self.met,
                "figures": {name: _rounded(value) for name, value in self.figures.items()}}

    def stored(self) -> dict:
        """As `of` takes it."""
        return asdict(self)

    @staticmethod
    def of(stored: dict) -> "Result":
        criteria = tuple(Criterion(**criterion) for criterion in stored["criteria"])
        return Result(**(stored | {"criteria": criteria}))

    def as_table(self) -> str:
        lines = [f"{'criterion':<52} {'value':>12}   bound"]
        for criterion in self.criteria:
            lines.append(f"{criterion.name:<52} {shown(criterion.value):>12}   {criterion.op} "
                         f"{criterion.goal:g} {'met' if criterion.met else 'NOT MET'}")
        lines += [f"{name:<52} {shown(value):>12}" for name, value in self.figures.items()]
        return "\n".join([*lines, f"seed {self.seed}, {self.seconds:g} s"])


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def shown(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
