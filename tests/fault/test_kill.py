"""An import outlives services that are killed all the time: nothing is lost, nothing is doubled."""

import json
import os
import random
import subprocess

import pytest

from devkit.command_line import CommandLine
from devkit.layout import ROOT, SERVICES
from devkit.process import wait_until
from fault.announced import Sources, check, query
from kit.api import Client

MAPPING = ROOT / "tests" / "data" / "crm-sales-opportunities" / "mapping.yaml"
SEED = int(os.environ.get("LOTURA_SEED", "3"))
KILL_EVERY_S = 1.0
KILLS_MIN = 5
IMPORT_SECONDS = 600
PROJECTION_SECONDS = 180
OPPORTUNITIES = 8800
# Stage, how many opportunities are in it, and what those that are won are worth.
FUNNEL = {"Prospecting": (500, None), "Engaging": (1589, None), "Won": (4238, 10_005_534),
          "Lost": (2473, None)}


class Import:
    """`lotura import` of the demo data as a process of its own."""

    def __init__(self, stack, directory):
        number = len(list(directory.glob("rejects-*.csv")))
        self.rejects = directory / f"rejects-{number}.csv"
        client = CommandLine(stack)
        self.process = subprocess.Popen(
            client.command("import", MAPPING, "--rejects", self.rejects, "--json"),
            env=client.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=directory)

    def ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def finish(self) -> int:
        """Its exit code; 0 if everything was taken over and 4 if rows were rejected."""
        try:
            self.report, self.errors = self.process.communicate(timeout=IMPORT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode


def kill_while(stack, importing: Import) -> list[str]:
    """Kills a service each second, and starts it again at once, until the import ends."""
    chance = random.Random(SEED)
    killed = []
    while not importing.ended_within(KILL_EVERY_S):
        service = stack.member(chance.choice(SERVICES))
        service.kill()
        service.start()
        killed.append(service.name)
    return killed


def funnel(stack) -> dict[str, tuple[int, int | None]]:
    with Client(stack.grpc("analytics"), stack.issuer.mint()) as client:
        answer = client.call("lotura.analytics.v1.ReportService/QueryFunnel",
                             pipeline="//sales.lotura/pipelines/b2b")
    return {row.stage_display_name: (row.current_count, row.values[0].units if
                                     row.stage_display_name == "Won" and row.values else None)
            for row in answer.rows}


@pytest.fixture(scope="module")
def imported(stack, tmp_path_factory):
    """The stack after an import under kills and one repetition."""
    directory = tmp_path_factory.mktemp("import")
    first = Import(stack, directory)
    killed = kill_while(stack, first)
    print(f"seed {SEED}: killed {len(killed)} times: {' '.join(killed)}; then the import ended "
          f"with {first.finish()} {first.errors.strip()}")
    for service in SERVICES:
        stack.member(service).wait_ready()
    again = Import(stack, directory)
    assert again.finish() == 0, f"{again.errors.strip()}; see {again.rejects}"
    assert len(killed) >= KILLS_MIN
    return stack


def test_every_opportunity_is_there_once(imported):
    opportunities = "SELECT count(*) FROM sales.opportunity"
    assert query(Sources.of(imported), opportunities) == [(OPPORTUNITIES,)]
    created = "SELECT count(*), count(DISTINCT name) FROM sales.journal WHERE version = 1 AND " \
              "resource_type = 'lotura.sales.v1.Opportunity'"
    assert query(Sources.of(imported), created) == [(OPPORTUNITIES, OPPORTUNITIES)]


@pytest.mark.parametrize("service", ["directory", "accounts", "sales"])
def test_versions_are_consecutive_and_each_has_one_event(imported, service):
    assert check(Sources.of(imported), service) > 0


def test_a_second_import_changes_nothing(imported, tmp_path):
    count = "SELECT (SELECT count(*) FROM sales.journal), (SELECT count(*) FROM accounts.journal)"
    before = query(Sources.of(imported), count)

    again = Import(imported, tmp_path)

    assert again.finish() == 0
    assert sum(step["written"] for step in json.loads(again.report)["steps"]) == 0
    assert query(Sources.of(imported), count) == before


def test_the_funnel_equals_the_data(imported):
    assert wait_until(lambda: funnel(imported) == FUNNEL, PROJECTION_SECONDS), funnel(imported)
