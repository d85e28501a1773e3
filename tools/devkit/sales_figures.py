"""What the B2B sales data set amounts to, computed from its CSV files alone.

Nothing here knows Lotura: the demo and the end-to-end test compare its reports with these numbers.
The only corrections are those that the data's README names.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from devkit.layout import ROOT

DATA = ROOT / "tests" / "data" / "crm-sales-opportunities"
PRODUCTS = {"GTXPro": "GTX Pro"}
SECTORS = {"technolgy": "technology"}
STAGES = ("Prospecting", "Engaging", "Won", "Lost")


def read(name: str, directory: Path = DATA) -> list[dict[str, str]]:
    with (directory / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()


@dataclass(frozen=True)
class Figures:
    """Counts and sums; keys are names as people read them."""

    current: dict[str, int]  # Opportunities that are in a stage now.
    entered: dict[str, int]  # Opportunities that ever were in a stage.
    won_value: int
    revenue_by_region: dict[str, int]
    won_by_product: dict[str, int]
    won_by_sector_and_month: dict[tuple[str, str], int]


def compute(directory: Path = DATA) -> Figures:
    deals = read("sales_pipeline.csv", directory)
    won = [deal for deal in deals if deal["deal_stage"] == "Won"]
    regions = {row["sales_agent"]: row["regional_office"]
               for row in read("sales_teams.csv", directory)}
    sectors = {row["account"]: SECTORS.get(row["sector"], row["sector"])
               for row in read("accounts.csv", directory)}
    current = Counter(deal["deal_stage"] for deal in deals)
    revenue_by_region: Counter[str] = Counter()
    for deal in won:
        revenue_by_region[regions[deal["sales_agent"]]] += int(deal["close_value"])
    return Figures(
        current={stage: current[stage] for stage in STAGES},
        entered={"Prospecting": len(deals), "Engaging": len(deals) - current["Prospecting"],
                 "Won": current["Won"], "Lost": current["Lost"]},
        won_value=sum(int(deal["close_value"]) for deal in won),
        revenue_by_region=dict(revenue_by_region),
        won_by_product=dict(Counter(PRODUCTS.get(deal["product"], deal["product"])
                                    for deal in won)),
        won_by_sector_and_month=dict(Counter(
            (sectors[deal["account"]], day(deal["close_date"]).strftime("%Y-%m"))
            for deal in won)))
