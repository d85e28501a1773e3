"""Says once more, at the end of a long run, which cases failed and why."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

MOST_LINES = 40
# The end of a case; the list at the end of the run has no times.
GTEST_FAILED = re.compile(r"^\[  FAILED  \] .*\(\d+ ms\)$")
# Lines of pytest that say what was not as expected, and of its list of failed tests.
PYTEST_REASON = re.compile(r"^(E  |FAILED |ERROR )")


def of_gtest(output: str) -> list[str]:
    """From each case that failed: what it printed, its last lines where that is much."""
    told: list[str] = []
    case: list[str] = []
    for line in output.splitlines():
        if line.startswith("[ RUN      ]"):
            case = [line]
        elif case:
            case.append(line)
        if line.startswith("[       OK ]"):
            case = []
        elif GTEST_FAILED.match(line):
            told += case[:1] + case[1:][-MOST_LINES:]
            case = []
    # A case without an end: the process ended within it.
    return told + case[:1] + case[1:][-MOST_LINES:]


def of_output(output: str) -> list[str]:
    """What is worth reading again of a failed test's output, at most some screens."""
    lines = of_gtest(output)
    if not lines:
        lines = [line for line in output.splitlines() if PYTEST_REASON.match(line)][-MOST_LINES:]
    return lines or output.splitlines()[-MOST_LINES:]


def told_again(junit: Path) -> list[str]:
    """The failed tests of a report of CTest, each with the cases that failed; empty if none did."""
    try:
        tests = ET.parse(junit).getroot().iter("testcase")
    except (OSError, ET.ParseError) as error:
        return [f"no report of the tests: {error}"]
    told: list[str] = []
    for test in tests:
        if test.get("status") == "fail":
            told += [f"--- {test.get('name')}", *of_output(test.findtext("system-out") or "")]
    return told
