"""What operators are told of an installation."""

import json
import re
from collections import Counter

from devkit.layout import ROOT, SERVICES

COUNTS = ROOT / "helm" / "lotura" / "templates" / "_connections.tpl"
# By the defaults of the settings that the chart counts itself: for reading, for lists twice, for
# writing, for imports, for readers of events.
COUNTED = 4 + 2 * 4 + 2 + 1 + 2


def test_the_chart_counts_the_connections_that_processes_may_open(stack):
    told = {service: int(count) + COUNTED for service, count in
            re.findall(r"^(\w+): (\d+)$", COUNTS.read_text("utf-8"), re.MULTILINE)}
    seen: Counter = Counter()
    for labels, count in re.findall(r"^lotura_db_connections_max\{([^}]*)\} (\S+)$",
                                    stack.exposition("sales"), re.MULTILINE):
        seen[re.search(r'service="(\w+)"', labels)[1]] += int(float(count))

    assert dict(seen) == told


def test_the_command_line_tells_which_services_serve(lotura):
    done = lotura("status", "--json")

    assert done.returncode == 0, done.stderr
    states = {one["service"]: one["state"] for one in json.loads(done.stdout)}
    assert states == dict.fromkeys(SERVICES, "SERVING")


def test_an_address_that_nobody_answers_is_told(lotura):
    done = lotura("status", "--endpoint", "sales=127.0.0.1:1", "--timeout", "2")

    assert done.returncode == 3
    assert "127.0.0.1:1" in done.stdout
