"""A sales year comes in over the API; reports equal what its files say, before and after."""

import json

import pytest

from devkit import sales_figures
from devkit.process import wait_until
from devkit.sales_figures import DATA

PIPELINE = "//sales.lotura/pipelines/b2b"
FUNNEL = "analytics.v1.ReportService/QueryFunnel"
REVENUE = "analytics.v1.ReportService/QueryRevenue"
CATCH_UP_S = 120


@pytest.fixture(scope="module")
def figures():
    return sales_figures.compute()


@pytest.fixture(scope="module")
def analyst(connect):
    return connect("analytics.reports.read", "accounts.organizations.read", "directory.teams.read",
                   "directory.users.read", "sales.opportunities.read", "sales.products.read",
                   "sales.stages.read")


@pytest.fixture(scope="module")
def first_import(lotura):
    return lotura("import", str(DATA / "mapping.yaml"), "--json")


def stages(analyst) -> dict[str, dict]:
    rows = analyst.call(FUNNEL, {"pipeline": PIPELINE}).get("rows", [])
    return {row.get("stage_display_name", ""): row for row in rows}


def count(row: dict, field: str) -> int:
    return int(row.get(field, 0))


def units(row: dict, field: str) -> int:
    assert {money["currency_code"] for money in row.get(field, [])} <= {"USD"}
    assert not any(money.get("nanos") for money in row.get(field, []))
    return sum(int(money.get("units", 0)) for money in row.get(field, []))


def revenue(analyst, *dimensions: str) -> list[tuple[tuple[str, ...], dict]]:
    """Rows by the display names of their groups, or the values where there are none."""
    rows = analyst.call(REVENUE, {"group_by": [f"DIMENSION_{name}" for name in dimensions]})
    return [(tuple(group.get("display_name") or group.get("value", "") for group in row["groups"]),
             row) for row in rows.get("rows", [])]


def counts_of(completed) -> dict[str, dict]:
    return {step["step"]: step for step in json.loads(completed.stdout)["steps"]}


def test_the_importer_takes_every_row(first_import):
    assert first_import.returncode == 0, first_import.stderr
    counts = counts_of(first_import)
    assert counts["organizations"]["written"] == 85
    assert counts["opportunities"]["written"] == 8800
    for step in counts.values():
        assert step["rejected"] == step["unchanged"] == 0
        assert step["rows"] == step["left_out"] + step["written"]


def test_the_funnel_equals_the_files(first_import, analyst, figures):
    def complete() -> bool:
        found = stages(analyst)
        return (count(found.get("Won", {}), "current_count") == figures.current["Won"]
                and count(found.get("Lost", {}), "current_count") == figures.current["Lost"])

    wait_until(complete, CATCH_UP_S)
    found = stages(analyst)

    assert {stage: count(row, "current_count") for stage, row in found.items()} == figures.current
    assert {stage: count(row, "entered_count") for stage, row in found.items()} == figures.entered
    assert units(found["Won"], "values") == figures.won_value
    assert figures.current == {"Prospecting": 500, "Engaging": 1589, "Won": 4238, "Lost": 2473}
    assert figures.won_value == 10_005_534


def test_revenue_by_region_equals_the_files(analyst, figures):
    found = {groups[0]: units(row, "revenue") for groups, row in revenue(analyst, "REGION")}

    assert found == figures.revenue_by_region


def test_won_opportunities_by_product_equal_the_files(analyst, figures):
    found = {groups[0]: count(row, "won_count") for groups, row in revenue(analyst, "PRODUCT")}

    assert found == figures.won_by_product


def test_won_opportunities_by_sector_and_month_equal_the_files(analyst, figures):
    found = {groups: count(row, "won_count")
             for groups, row in revenue(analyst, "SECTOR", "MONTH")}

    assert found == figures.won_by_sector_and_month


def test_every_opportunity_is_there_once(connect):
    reader = connect("sales.opportunities.read")

    found = reader.list_all("sales.v1.OpportunityService/ListOpportunities", "opportunities",
                            {"page_size": 1000})

    assert len(found) == 8800
    assert len({deal["name"] for deal in found}) == 8800


def test_a_repetition_writes_nothing(lotura, analyst, figures):
    repeated = lotura("import", str(DATA / "mapping.yaml"), "--json")

    assert repeated.returncode == 0, repeated.stderr
    for step in counts_of(repeated).values():
        assert step["written"] == step["rejected"] == 0
        assert step["rows"] == step["left_out"] + step["unchanged"]
    found = stages(analyst)
    assert {stage: count(row, "current_count") for stage, row in found.items()} == figures.current


def test_a_repetition_writes_nothing_when_the_first_one_is_forgotten(lotura, stack):
    for service in ("directory", "accounts", "sales"):
        stack.postgres.query(f"DELETE FROM {service}.request")
    written = "SELECT count(*) FROM sales.journal"
    before = stack.postgres.query(written)

    repeated = lotura("import", str(DATA / "mapping.yaml"), "--json")

    assert repeated.returncode == 0, repeated.stderr
    for step in counts_of(repeated).values():
        assert step["written"] == step["rejected"] == 0
    assert stack.postgres.query(written) == before


def test_the_client_draws_the_funnel(lotura):
    drawn = lotura("funnel")

    assert drawn.returncode == 0, drawn.stderr
    assert "10,005,534 USD" in drawn.stdout
    assert "4,238" in drawn.stdout


def test_the_timeline_of_an_organization_tells_of_its_opportunities(lotura):
    def moves() -> list[dict]:
        answer = lotura("timeline", "organizations/hottechi", "--limit", "0", "--kind", "moved",
                        "--json")
        return json.loads(answer.stdout) if answer.returncode == 0 else []

    deals = [row for row in sales_figures.read("sales_pipeline.csv") if row["account"] == "Hottechi"]
    expected = (sum(row["deal_stage"] != "Prospecting" for row in deals)
                + sum(row["deal_stage"] in ("Won", "Lost") for row in deals))

    wait_until(lambda: len(moves()) == expected, CATCH_UP_S)
    assert len(moves()) == expected
