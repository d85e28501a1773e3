"""Verb demo: a sales year comes in over the API, and the reports are compared with its files."""

import argparse
import json
import subprocess
import time

from devkit import artifacts, demo_access, ready, sales_figures
from devkit.command_line import CommandLine
from devkit.console import Failure, say, step
from devkit.layout import ROOT, SERVICES, VAR
from devkit.process import wait_until
from devkit.sales_figures import DATA, Figures
from devkit.stack import Arrangement, Stack

SUMMARY = "import a sales year over the API and show what came of it (--separate)"
IMPORTER = "users/importer"
PERMISSIONS = tuple(f"{service}.*" for service in SERVICES)
ORGANIZATION = "organizations/hottechi"
# By its name, for other pipelines may have come since.
FUNNEL = ("funnel", "--pipeline", "pipelines/b2b")
EVENTS_SHOWN = 3
IMPORT_TIMEOUT_S = 900
CATCH_UP_S = 120
EXIT_REJECTS = 4


class Client:
    """The command-line client, called as the importer."""

    def __init__(self, stack: Stack):
        self._lotura = CommandLine(stack, user=IMPORTER, permissions=PERMISSIONS)

    def show(self, *arguments: str, timeout_s: float = 60) -> int:
        """Runs it on this terminal and returns its exit code."""
        say(f"$ lotura {' '.join(arguments)}")
        try:
            return subprocess.run(self._lotura.command(*arguments), env=self._lotura.environment,
                                  timeout=timeout_s, check=False).returncode
        except subprocess.TimeoutExpired:
            raise Failure(f"lotura {arguments[0]} did not end within {timeout_s:.0f} s.") from None

    def ask(self, *arguments: str) -> dict:
        """What it answers in JSON; empty if it fails."""
        answer = subprocess.run(self._lotura.command(*arguments, "--json"),
                                env=self._lotura.environment, capture_output=True, text=True,
                                timeout=60, check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else {}


def money(amounts: list[dict]) -> int:
    return sum(int(amount.get("units", 0)) for amount in amounts)


def reported(client: Client) -> dict[str, object]:
    """The figures as analytics reports them, named as `expected` names them."""
    figures: dict[str, object] = {}
    for row in client.ask(*FUNNEL).get("rows", []):
        stage = row.get("stage_display_name", "")
        figures[f"{stage} now"] = int(row.get("current_count", 0))
        figures[f"{stage} entered"] = int(row.get("entered_count", 0))
        if stage == "Won":
            figures["Won value"] = money(row.get("values", []))
    for row in client.ask("revenue", "--group-by", "region").get("rows", []):
        figures[f"revenue {row['groups'][0].get('value', '')}"] = money(row.get("revenue", []))
    for row in client.ask("revenue", "--group-by", "product").get("rows", []):
        product = row["groups"][0].get("display_name", "")
        figures[f"won {product}"] = int(row.get("won_count", 0))
    return figures


def expected(figures: Figures) -> dict[str, object]:
    """The figures as the CSV files have them."""
    return ({f"{stage} now": count for stage, count in figures.current.items()}
            | {f"{stage} entered": count for stage, count in figures.entered.items()}
            | {"Won value": figures.won_value}
            | {f"revenue {region}": value for region, value in figures.revenue_by_region.items()}
            | {f"won {product}": count for product, count in figures.won_by_product.items()})


def run_import(client: Client) -> None:
    step("The importer brings the files in, over the public API")
    rejects = VAR / "demo" / "rejects.csv"
    rejects.parent.mkdir(parents=True, exist_ok=True)
    code = client.show("import", str((DATA / "mapping.yaml").relative_to(ROOT)),
                       "--rejects", str(rejects), timeout_s=IMPORT_TIMEOUT_S)
    if code == EXIT_REJECTS:
        raise Failure(f"the importer rejected rows of a file that it should take whole: {rejects}")
    if code != 0:
        raise Failure(f"the import failed with exit code {code}.")


def wait_for_reports(client: Client, wanted: dict[str, object]) -> float:
    """Seconds until the reports were equal to the files; ends without an error if they never are."""
    begin = time.monotonic()
    wait_until(lambda: reported(client) == wanted, CATCH_UP_S)
    return time.monotonic() - begin


def show_events(stack: Stack) -> None:
    step("Events as they stand on the Kafka topic")
    command = ["kcat", "-b", stack.kafka.brokers, "-C", "-t", "lotura.sales.v1", "-o", "-1", "-e",
               "-q", "-c", str(EVENTS_SHOWN), "-f", "%k\\t%S\\t%h\\n"]
    say("$ " + " ".join(command))
    answer = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=60,
                            check=False)
    if answer.returncode != 0:
        raise Failure(f"kcat failed: {answer.stderr.strip()}")
    for line in answer.stdout.splitlines()[:EVENTS_SHOWN]:
        key, size, headers = line.split("\t", 2)
        say(f"    key {key}, {size} bytes of lotura.events.v1.Change")
        for header in headers.split(","):
            name, _, value = header.partition("=")
            say(f"        {name:<20} {value}")


def show_places(stack: Stack) -> None:
    step("Where to look on")
    grpcurl = artifacts.grpcurl_binary()
    say("    export LOTURA_TOKEN=$(tools/dev token)")
    say(f"    build/bin/lotura list opportunities --filter 'organization = "
        f"\"//accounts.lotura/{ORGANIZATION}\"'")
    say("    build/bin/lotura revenue --group-by month,region")
    say(f"    {grpcurl} -plaintext -H \"authorization: Bearer $LOTURA_TOKEN\" "
        f"{stack.grpc('sales')} list")
    say(f"    Prometheus     {stack.prometheus.url}")
    for service in stack.services.values():
        if service.is_running():
            say(f"    {service.name:<14} gRPC {service.grpc}   http://{service.http}/metrics")
    say("    documentation  README.md, docs/architecture.md, tools/lotura/README.md")
    say("    tools/dev down stops everything and keeps the data, tools/dev reset starts anew")


def compare(found: dict[str, object], wanted: dict[str, object]) -> None:
    """Failure naming each figure that differs."""
    step("Comparison with the CSV files")
    wrong = []
    for name in sorted(wanted.keys() | found.keys()):
        mark = "  " if found.get(name) == wanted.get(name) else "!="
        say(f"    {name:<22} reported {found.get(name, '-')!s:>12}   files "
            f"{wanted.get(name, '-')!s:>12}  {mark}".rstrip())
        if mark == "!=":
            wrong.append(name)
    if wrong:
        raise Failure("these figures differ from the files: " + ", ".join(wrong))
    say("    all figures are those of the files")


def start(arrangement: Arrangement) -> Stack:
    stack = Stack(VAR)
    with stack.place.locked():
        step("PostgreSQL, Redis, Kafka, Prometheus")
        stack.start_backends(arrangement)
        step("Migrations, then the services")
        stack.start_services(arrangement)
    return stack


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev demo", description=SUMMARY)
    parser.add_argument("--separate", action="store_true",
                        help="every service in a process of its own")
    options = parser.parse_args(arguments)
    arrangement = Arrangement.SEPARATE if options.separate else Arrangement.TOGETHER
    begin = time.monotonic()
    ready.ensure(arrangement)
    stack = start(arrangement)
    client = Client(stack)
    run_import(client)
    wanted = expected(sales_figures.compute())
    step("Analytics follows the events")
    say(f"    reports are complete {wait_for_reports(client, wanted):.1f} s after the import")
    step("The funnel")
    client.show(*FUNNEL)
    step("Revenue by region")
    client.show("revenue", "--group-by", "region")
    step("The timeline of one organization")
    client.show("timeline", ORGANIZATION, "--limit", "8")
    demo_access.show(stack)
    show_events(stack)
    show_places(stack)
    compare(reported(client), wanted)
    say(f"the demo took {time.monotonic() - begin:.0f} s")
    return 0
