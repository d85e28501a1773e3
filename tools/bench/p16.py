"""P16: lists of those who may see a part."""

import itertools
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg2

from devkit.command_line import CommandLine
from devkit.console import Failure
from devkit.process import wait_until

from bench import tenants
from bench.figures import Goal
from bench.programs import run_job
from bench.rig import Rig, accounts
from bench.run import Run
from bench.statements import Statement, capture

TITLE = ("p95 of a list of 50 of 10^6 in each declared order, first page and page 100, of who sees the records of his "
         "team and those below, which have 50 %, 1 %, 0.01 % and none of them / that of who sees all, call by call in turn")
GOAL = 1.5
ROWS = 1_000_000
TENANT = "00000000-0000-4000-8000-00000000d201"
ORDERS = ("display_name", "create_time desc")
PAGES = {"first page": 1, "page 100": 100}
ROLE = {"display_name": "Team leader", "permissions": ["accounts.organizations.read"],
        "record_rules": [{"record_type": "accounts.lotura/Organization",
                          "scope": "SCOPE_TEAM_AND_BELOW", "access": "ACCESS_READ"}]}
# As the service's own connections for lists.
PLANNER = ("enable_seqscan=off enable_bitmapscan=off enable_sort=off enable_incremental_sort=off")
PAGE_SIZE = 50  # Of lotura-bench-lister.
# What each leader is shown is looked at before it is measured, up to so many records.
LOOKED_AT, LOOKED_AT_ONCE = 20_000, 200
ARRIVAL_S = 60
BOUND_S = 300
TOKEN_S = 3_600
CALL_S = 60


@dataclass(frozen=True)
class Team:
    """Whose members together own a part of all organizations."""

    part: str
    id: str
    members: int

    @property
    def leader(self) -> str:
        return f"users/{self.id}-leader"

    @property
    def owners(self) -> str:
        """How their names begin."""
        return f"//directory.lotura/users/{self.id}-"

    def owner(self) -> str:
        """As SQL, who owns the i-th organization of the part."""
        one_of, _ = tenants.ONE_OF[self.part]
        return f"'{self.owners}' || (i / {one_of} %% {self.members})"


TEAMS = (Team("50 %", "half", 200), Team("1 %", "hundredth", 20), Team("0.01 %", "few", 5),
         Team(tenants.NONE, "none", 3))


class Administrator:
    """Makes users, teams and roles with the command line."""

    def __init__(self, rig: Rig):
        self._lotura = CommandLine(rig.stack, user="users/administrator", tenant=TENANT,
                                   permissions=("directory.*",))

    def create(self, collection: str, record_id: str, fields: dict) -> None:
        command = self._lotura.command("create", collection, "--id", record_id, "--data",
                                       json.dumps(fields))
        subprocess.run(command, env=self._lotura.environment, check=True, timeout=CALL_S,
                       stdout=subprocess.DEVNULL)

    def staff(self, team: Team) -> None:
        """A team with a leader, and its members in a team below it."""
        below = f"{team.id}-below"
        self.create("users", f"{team.id}-leader", {"display_name": "Leader"})
        self.create("teams", team.id, {"display_name": team.id, "manager": team.leader})
        self.create("teams", below, {"display_name": below, "parent_team": f"teams/{team.id}"})
        for number in range(team.members):
            self.create("users", f"{team.id}-{number}",
                        {"display_name": f"Member {number}", "team": f"teams/{below}"})
        self.create("roleAssignments", team.id, {"role": "roles/leader", "member": team.leader})


class Leader:
    """Who sees a part; in force once the service has learned of it."""

    def __init__(self, rig: Rig, team: Team):
        self._lotura = CommandLine(rig.stack, user=team.leader, tenant=TENANT, permissions=None)

    def shown(self, order: str = ORDERS[0], limit: int = PAGE_SIZE) -> list[dict] | None:
        """None if that is refused."""
        command = self._lotura.command("list", "organizations", "--json", "--order-by", order, "--limit",
                                       limit, "--page-size", min(limit, LOOKED_AT_ONCE))
        done = subprocess.run(command, env=self._lotura.environment, timeout=CALL_S, check=False,
                              capture_output=True)
        return json.loads(done.stdout) if done.returncode == 0 else None


def token_files(rig: Rig, directory: Path) -> list[Path]:
    """Of who sees all, and of each leader."""
    tokens = {"all": rig.stack.issuer.mint(tenant=TENANT, ttl_s=TOKEN_S)} | {
        team.id: rig.stack.issuer.mint(user=team.leader, tenant=TENANT, permissions=None,
                                       ttl_s=TOKEN_S) for team in TEAMS}
    files = []
    for name, token in tokens.items():
        files.append(directory / f"token-{name}")
        files[-1].write_text(token, encoding="ascii")
    return files


def nodes_of(plan: dict) -> Iterator[dict]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes_of(below)


def scans_of(rig: Rig, statement: Statement) -> str:
    """The scans of a statement's plan, each once."""
    with psycopg2.connect(rig.conninfo_with(PLANNER)) as connection, connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement.filled(statement.parameters)}")
        plan = cursor.fetchone()[0][0]["Plan"]
    scans = [f"{node['Node Type']} {node.get('Index Name', node['Relation Name'])}"
             for node in nodes_of(plan) if "Relation Name" in node]
    if any(scan.startswith("Seq Scan") for scan in scans):
        raise Failure(f"a list reads its table from end to end: {scans}.")
    return ", ".join(dict.fromkeys(scans))


def check_seen(team: Team, records: list[dict] | None, rows: int) -> None:
    """Failure unless these are as many as the leader should be shown, and all of his team."""
    wanted = min(LOOKED_AT, tenants.count_of(team.part, rows))
    found = None if records is None else len(records)
    others = [one["name"] for one in records or ()
              if not one.get("owner", "").startswith(team.owners)]
    if found != wanted or others:
        raise Failure(f"the leader of {team.part} sees {found} records instead of {wanted}, "
                      f"{len(others)} of them of others: {others[:3]}.")


def check_page(name: str, outcome: dict, page: int, count: int) -> None:
    """Failure unless the page that was measured has what it should of so many records. If there are
    fewer it is the last one, and beyond the first one there may be none."""
    is_there = page == 1 or count > PAGE_SIZE
    begin = min((page - 1) * PAGE_SIZE, max(0, count - 1) // PAGE_SIZE * PAGE_SIZE)
    wanted = min(PAGE_SIZE, count - begin) if is_there else 0
    if outcome["records"] != wanted or bool(outcome["p95_us"]) != is_there:
        raise Failure(f"{name}: {outcome['records']} records of {count} instead of {wanted}, measured "
                      f"{len(outcome['p95_us'])} times; {outcome['index']}.")


def note_plans(run: Run, rig: Rig) -> None:
    for team, order in itertools.product(TEAMS, ORDERS):
        leader = Leader(rig, team)
        seen = capture(rig.stack, lambda: leader.shown(order))
        pages = [one for one in seen if "display_name" in one.text and "LIMIT" in one.text]
        if not pages:
            raise Failure(f"no statement of a list by {order} was seen of {team.part}.")
        run.note(f"plans of a page by {order}, {team.part}",
                 "; ".join(scans_of(rig, one) for one in pages))


def told(outcome: dict) -> str:
    return (f"{median(outcome['p95_us']) / 1e3:.2f} of {outcome['records']}" if outcome["p95_us"]
            else "no such page")


def staff(rig: Rig) -> None:
    """Gives each leader his team and the role, and waits until that counts."""
    administrator = Administrator(rig)
    administrator.create("roles", "leader", ROLE)
    for team in TEAMS:
        administrator.staff(team)
    leaders = [Leader(rig, team) for team in TEAMS]
    if not all(wait_until(lambda: leader.shown() is not None, ARRIVAL_S) for leader in leaders):
        raise Failure("the roles were not in force in time.")


def measure_lists(run: Run, rig: Rig, rows: int) -> dict[str, dict[str, tuple[float, ...]]]:
    """Of each part and each list the ratios, round by round."""
    files = ",".join(map(str, token_files(rig, run.directory)))
    ratios: dict[str, dict[str, tuple[float, ...]]] = {team.part: {} for team in TEAMS}
    for order, page in itertools.product(ORDERS, PAGES):
        name = f"by {order}, {page}"
        whole, *parts = run_job("lotura-bench-lister", bound_s=BOUND_S, target=rig.target,
                                token_files=files, order_by=order, page=PAGES[page],
                                rounds=run.pairs)
        run.note(f"{name}: p95 in ms, and records, of all and of each part",
                 ", ".join(map(told, (whole, *parts))))
        check_page(f"{name}, all", whole, PAGES[page], tenants.count_of_all(rows))
        for team, part in zip(TEAMS, parts, strict=True):
            check_page(f"{name}, {team.part}", part, PAGES[page], tenants.count_of(team.part, rows))
            if part["p95_us"]:
                ratios[team.part][name] = tuple(ours / base for ours, base in
                                                zip(part["p95_us"], whole["p95_us"], strict=True))
    return ratios


def measure(run: Run) -> list[Goal]:
    rows = run.rows_or(ROWS)
    owners = {team.part: team.owner() for team in TEAMS if team.part in tenants.ONE_OF}
    with accounts(run.directory / "stack") as rig, rig.neighbor("directory").running():
        staff(rig)
        tenants.fill(rig, {TENANT: rows}, owners.__getitem__)
        for team in TEAMS:
            check_seen(team, Leader(rig, team).shown(limit=LOOKED_AT), rows)
        note_plans(run, rig)
        found = measure_lists(run, rig, rows)
    goals = []
    for part, lists in found.items():
        worst = max(lists, key=lambda one: median(lists[one]))
        goals.append(Goal(f"who sees {part} / who sees all, worst {worst}", lists[worst], "<=",
                          GOAL))
    return goals
