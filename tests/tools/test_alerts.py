"""Alert rules are valid, and each is tried out."""

import re
import subprocess

from devkit.layout import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTS = sorted((PROMETHEUS / "alerts").glob("*.yaml"))
TESTS = sorted((PROMETHEUS / "tests").glob("*.yaml"))
TIMEOUT_S = 60


def promtool(*arguments) -> str:
    """What it prints; fails with that if it is not content."""
    done = subprocess.run(["promtool", *arguments], text=True, capture_output=True, check=False,
                          timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def names(files, pattern: str) -> set[str]:
    return {name for file in files
            for name in re.findall(pattern, file.read_text(encoding="utf-8"))}


def test_rules_are_valid():
    assert ALERTS
    promtool("check", "rules", *ALERTS)


def test_rules_fire_when_they_should_and_only_then():
    promtool("test", "rules", *TESTS)


def test_every_rule_is_seen_to_fire():
    declared = names(ALERTS, r"- alert: (\w+)")
    # A test without labels is one that expects silence.
    fired = names(TESTS, r"alertname: (\w+)\n +exp_alerts:\n +- exp_labels")

    assert declared == fired
