"""What a benchmark found: ratios with their goals, and figures that explain them."""

from dataclasses import asdict, dataclass, field
from statistics import median


@dataclass(frozen=True)
class Goal:
    """One ratio, measured once in each pair, and the bound that its median shall keep."""

    name: str
    ratios: tuple[float, ...]
    op: str  # ">=" or "<="
    goal: float

    @property
    def value(self) -> float:
        return median(self.ratios)

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.op == ">=" else self.value <= self.goal

    def as_json(self) -> dict:
        return {"name": self.name, "value": round(self.value, 4), "min": round(min(self.ratios), 4),
                "max": round(max(self.ratios), 4), "op": self.op, "goal": self.goal,
                "met": self.met}


@dataclass(frozen=True)
class Result:
    """Goals of one benchmark, and what else it saw: name, and a text with its unit."""

    id: str
    goals: tuple[Goal, ...]
    pairs: int
    fdatasync_per_s: float
    seen: tuple[tuple[str, str], ...] = field(default=())

    @property
    def met(self) -> bool:
        return all(goal.met for goal in self.goals)

    def as_json(self) -> dict:
        return {"id": self.id, "goals": [goal.as_json() for goal in self.goals], "met": self.met,
                "pairs": self.pairs, "fdatasync_per_s": round(self.fdatasync_per_s)}

    def stored(self) -> dict:
        """As `of` takes it."""
        return asdict(self)

    @staticmethod
    def of(stored: dict) -> "Result":
        goals = tuple(Goal(**(goal | {"ratios": tuple(goal["ratios"])}))
                      for goal in stored["goals"])
        seen = tuple((name, text) for name, text in stored["seen"])
        return Result(**(stored | {"goals": goals, "seen": seen}))

    def as_table(self) -> str:
        lines = [f"{'ratio':<44} {'median':>8} {'min':>8} {'max':>8}   goal"]
        for goal in self.goals:
            lines.append(f"{goal.name:<44} {goal.value:8.2f} {min(goal.ratios):8.2f} "
                         f"{max(goal.ratios):8.2f}   {goal.op} {goal.goal:g} "
                         f"{'met' if goal.met else 'NOT MET'}")
        lines += [f"{name:<44} {text}" for name, text in self.seen]
        lines.append(f"{'pairs, fdatasync':<44} {self.pairs}, {self.fdatasync_per_s:,.0f} a second")
        return "\n".join(lines)


def composed(*rates: float) -> float:
    """Calls a second of a call that needs one of each part: 1 / (1/a + 1/b + ...)."""
    return 1 / sum(1 / rate for rate in rates)
