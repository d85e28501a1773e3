"""What every service shows to Prometheus and to the kubelet."""

import json
import re
import subprocess

import pytest

from conftest import BINARIES
from devkit.issuer import DEVELOPMENT_TENANT
from devkit.layout import ROOT, SERVICES
from devkit.member import DIRECT, http_ok
from devkit.process import wait_until
from devkit.stack import Arrangement, Stack
from load import Load

BOUND_S = 120
ALERTS = sorted((ROOT / "deploy" / "prometheus" / "alerts").glob("*.yaml"))
METRIC = re.compile(r"\b((?:lotura|grpc)_\w+)(?=[{[)])")


def read(url: str) -> str:
    with DIRECT.open(url, timeout=10) as answer:
        return answer.read().decode()


@pytest.fixture(scope="module", name="stack")
def _stack(tmp_path_factory):
    """With all that a setting turns on, so that what it measures is there."""
    directory = tmp_path_factory.mktemp("settings")
    (directory / "archive").mkdir()
    quotas = directory / "quotas.json"
    quotas.write_text(json.dumps({"each_tenant": {"per_second": 100_000, "burst": 100_000}}),
                      encoding="utf-8")
    variables = {"LOTURA_AUDIT_ARCHIVE": str(directory / "archive"), "LOTURA_QUOTAS": str(quotas),
                 "LOTURA_OPERATOR_TENANT": DEVELOPMENT_TENANT}
    with Stack(directory / "stack", BINARIES, variables) as running:
        running.start_backends(Arrangement.SEPARATE)
        running.start_services(Arrangement.SEPARATE)
        yield running


@pytest.fixture(scope="module")
def busy(stack):
    """The stack after some load, so that metrics with labels have series."""
    with Load(stack.grpc("accounts"), stack.issuer.mint()) as load:
        load.await_writes(50)
    return stack


@pytest.mark.parametrize("service", SERVICES)
def test_metrics_are_as_prometheus_wants_them(busy, service):
    metrics = busy.exposition(service)

    checked = subprocess.run(["promtool", "check", "metrics"], input=metrics, text=True,
                             capture_output=True, check=False, timeout=BOUND_S)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert f'service="{service}"' in metrics


def test_every_metric_of_an_alert_is_exposed(busy):
    exposed = "".join(busy.exposition(service) for service in SERVICES)
    named = {name for file in ALERTS for name in METRIC.findall(file.read_text(encoding="utf-8"))}

    assert named
    assert named <= set(re.findall(r"^(\w+)[ {]", exposed, re.MULTILINE))


@pytest.mark.parametrize("service", SERVICES)
def test_probes_answer(busy, service):
    address = busy.member(service).http

    assert http_ok(f"http://{address}/livez")
    assert http_ok(f"http://{address}/readyz")


def test_prometheus_scrapes_every_service(busy):
    query = f'{busy.prometheus.url}/api/v1/query?query=up%7Bjob="lotura"%7D'

    def up() -> dict[str, str]:
        results = json.loads(read(query))["data"]["result"]
        return {one["metric"]["process"]: one["value"][1] for one in results}

    assert wait_until(lambda: up() == {service: "1" for service in SERVICES}, BOUND_S), up()
