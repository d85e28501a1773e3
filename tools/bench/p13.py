"""P13: lists of few and of many."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from devkit.console import Failure

from bench import tenants
from bench.figures import Goal
from bench.programs import run_job
from bench.rig import Rig, accounts
from bench.run import Run

TITLE = ("p95 of a list of 50 in each declared order, with filters that pass 50 %, 1 %, 0.01 % and "
         "none of 10^5, 10^6, 10^7 rows, first page and page 1,000 / that of 10^4 rows. A filter "
         "without an index may be refused")
GOAL = 1.3
ROWS = 10_000_000
LEAST = 10_000
ORDERS = ("display_name", "create_time desc")
PARTS = (*tenants.ONE_OF, tenants.NONE)
LOOKUP, PLAIN = "with a lookup", "without an index"
KINDS = {LOOKUP: lambda part: f'parent_organization = "{tenants.parent_of(part)}"',
         PLAIN: lambda part: f'sector = "{tenants.sector_of(part)}"'}
PAGES = {"first page": 1, "page 1,000": 1_000}
# Long enough for pages that are slow, and for a way to page 1,000.
BOUND_S = 300
TOKEN_S = 3_600


@dataclass(frozen=True)
class Cell:
    """One list, as the tenants saw it: p95 of each round, or why there is none."""

    kind: str
    name: str
    outcomes: tuple[dict, ...]

    def ratios(self, place: int) -> tuple[float, ...]:
        """Of a tenant to the smallest one whose page has as many records, round by round; empty if
        the tenant has no such page, or is the smallest itself."""
        page = self.outcomes[place]
        least = next(outcome for outcome in self.outcomes
                     if outcome is page or _alike(outcome, page))
        if least is page:
            return ()
        return tuple(ours / base for ours, base in zip(page["p95_us"], least["p95_us"]))

    def check(self) -> "Cell":
        """Itself. Failure if a list was refused for which there is an index."""
        if self.kind == LOOKUP and any(outcome["index"] for outcome in self.outcomes):
            raise Failure(f"refused as too expensive: {self.name}.")
        return self

    def __str__(self) -> str:
        """Milliseconds of each tenant, from the smallest on."""
        return ", ".join(_told(outcome) for outcome in self.outcomes)


def _alike(one: dict, other: dict) -> bool:
    """Whether both were measured and have pages of the same number of records."""
    return bool(one["p95_us"] and other["p95_us"]) and one["records"] == other["records"]


def _told(outcome: dict) -> str:
    if outcome["index"]:
        return "refused"
    if not outcome["p95_us"]:
        return "no such page"
    return f"{median(outcome['p95_us']) / 1e3:.2f} of {outcome['records']}"


def power_of_ten(rows: int) -> str:
    """10^6, or the number itself."""
    digits = len(str(rows)) - 1
    return f"10^{digits}" if rows == 10**digits else f"{rows:,}"


def sizes_up_to(rows: int) -> list[int]:
    """10^4 and what follows by tens, the last one is `rows`."""
    sizes = [LEAST]
    while sizes[-1] * 10 < rows:
        sizes.append(sizes[-1] * 10)
    return sizes if rows == LEAST else [*sizes, rows]


def worst(cells: list[Cell], place: int) -> tuple[str, tuple[float, ...]]:
    """Name and ratios of the list that suffers most from the tenant's size."""
    measured = {cell.name: cell.ratios(place) for cell in cells if cell.ratios(place)}
    name = max(measured, key=lambda one: median(measured[one]))
    return name, measured[name]


def tokens(rig: Rig, names: list[str], directory: Path) -> list[Path]:
    """A file with a token for each tenant."""
    files = []
    for name in names:
        files.append(directory / f"token-{name}")
        files[-1].write_text(rig.stack.issuer.mint(tenant=name, ttl_s=TOKEN_S), encoding="ascii")
    return files


def measure_cells(run: Run, rig: Rig, files: list[Path]) -> list[Cell]:
    cells = []
    for kind, part, order, page in itertools.product(KINDS, PARTS, ORDERS, PAGES):
        outcomes = run_job("lotura-bench-lister", bound_s=BOUND_S, target=rig.target,
                           token_files=",".join(map(str, files)), order_by=order,
                           filter=KINDS[kind](part), page=PAGES[page], rounds=run.pairs)
        cells.append(Cell(kind, f"{kind}, {part}, by {order}, {page}", tuple(outcomes)).check())
    return cells


def measure(run: Run) -> list[Goal]:
    sizes = sizes_up_to(run.rows_or(ROWS))
    names = {f"00000000-0000-4000-8000-00000000d1{place:02}": size
             for place, size in enumerate(sizes)}
    with accounts(run.directory / "stack") as rig:
        tenants.fill(rig, names)
        cells = measure_cells(run, rig, tokens(rig, list(names), run.directory))
    for cell in cells:
        run.note(cell.name, str(cell))
    run.note("columns", f"p95 in ms, and records, of {', '.join(map(power_of_ten, sizes))} rows")
    goals = []
    for (place, size), kind in itertools.product(enumerate(sizes[1:], start=1), KINDS):
        name, ratios = worst([cell for cell in cells if cell.kind == kind], place)
        goals.append(Goal(f"{power_of_ten(size)} / 10^4, worst {name}", ratios, "<=", GOAL))
    return goals
