"""The Helm chart: that helm takes it, that Kubernetes would, and what a reviewer of clusters would say."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from devkit import charts
from devkit.layout import ROOT
from lint.tree import Finding

CHART = "helm/lotura"
VALUES = ("helm/values/laptop.yaml", "helm/values/small.yaml", "helm/values/large.yaml")
# The oldest release that the chart is for, and the newest that there are schemas of.
KUBERNETES = ("1.29", "1.37")
# Of operators, whose schemas are not Kubernetes' own.
OTHERS = {"Certificate", "GRPCRoute", "PodMonitor", "PrometheusRule"}
# What helm must refuse, and what it then says.
REFUSED = {"postgresql.hosst=db": "hosst", "sevices.sales.replicas=1": "sevices",
           "services.sales.replica=1": "replica", "defaults.replicas=none": "replicas",
           "image.tag=latest": "tag", "kafka.brokers=kafka": "brokers"}
# What a chart that is told nothing asks for.
ASKED = ("postgresql.host", "postgresql.password.secret", "kafka.brokers", "redis.address",
         "tokens.issuers", "tokens.pageTokenKeys.secret", "audit.key.secret", "tls.issuer.name")
# Tests of kube-score that are not ours: images have fixed tags; a bound on processors would only make calls wait; replicas are kept
# apart by spread constraints; and a laptop has one of each.
UNSCORED = ("container-image-pull-policy", "container-resources", "deployment-has-host-podantiaffinity")
UNSCORED_ALONE = {VALUES[0]: ("deployment-replicas",)}


def run(*command: object, given: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], cwd=ROOT, input=given,
                          capture_output=True, text=True, check=False)


def helm(*arguments: str) -> subprocess.CompletedProcess:
    return run(charts.helm(), *arguments)


def template(release: str, *arguments: str) -> subprocess.CompletedProcess:
    """The objects, as for a cluster of this release."""
    return helm("template", "crm", CHART, "--namespace", "crm", "--kube-version", release,
                *arguments)


def finding(path: str, what: str) -> Finding:
    return Finding(path, 1, "chart", " ".join(what.split()))


def check() -> Iterator[Finding]:
    """Everything that one who judges the chart without a cluster would try."""
    yield from _refusals()
    for values in VALUES:
        linted = helm("lint", CHART, "--strict", "--quiet", "--values", values)
        if linted.returncode != 0:
            yield finding(values, f"helm lint: {linted.stdout} {linted.stderr}")
            continue
        for release in KUBERNETES:
            objects = template(release, "--values", values)
            if objects.returncode != 0:
                yield finding(values, f"helm template: {objects.stderr}")
                break
            yield from _validated(release, values, objects.stdout)
        else:
            yield from _scored(values, objects.stdout)


def _refusals() -> Iterator[Finding]:
    for wrong, named in REFUSED.items():
        tried = template(KUBERNETES[0], "--values", VALUES[0], "--set", wrong)
        if tried.returncode == 0 or named not in tried.stderr:
            yield finding(CHART, f"--set {wrong} is not refused by its name: {tried.stderr}")
    bare = template(KUBERNETES[0])
    missed = [one for one in ASKED if f"{one}:" not in bare.stderr]
    if missed:
        yield finding(CHART, f"without values it does not ask for {', '.join(missed)}: {bare.stderr}")


def _validated(release: str, values: str, objects: str) -> Iterator[Finding]:
    """By the schemas of Kubernetes, each field of which must be known."""
    program = Path(__file__).parent / "validate_objects.py"
    told = subprocess.run(
        ["/usr/bin/python3", str(program), release, *sorted(OTHERS)], input=objects,
        env=os.environ | {"PYTHONPATH": str(charts.kubernetes_validate())},
        capture_output=True, text=True, check=False)
    if told.returncode != 0:
        yield finding(values, f"Kubernetes {release}: {told.stderr[-2000:]}")
    for wrong in told.stdout.splitlines():
        yield finding(values, f"Kubernetes {release}: {wrong}")


def _scored(values: str, objects: str) -> Iterator[Finding]:
    ignored = [argument for name in (*UNSCORED, *UNSCORED_ALONE.get(values, ()))
               for argument in ("--ignore-test", name)]
    scored = run(charts.kube_score(), "score", "--output-format", "json", *ignored, "-",
                 given=objects)
    for one in json.loads(scored.stdout or "[]") or []:
        for test in one["checks"]:
            if test["skipped"] or test["grade"] >= 10:
                continue
            words = "; ".join(comment["summary"] for comment in test["comments"] or [])
            yield finding(values, f"kube-score: {one['object_name']}: {test['check']['name']}: {words}")
