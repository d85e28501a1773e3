"""A whole installation for each file of tests: real servers, every service a process of its own."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
os.environ["no_proxy"] = "127.0.0.1"

from devkit.layout import ROOT  # noqa: E402 - the path has to be known first
from devkit.stack import Arrangement, Stack  # noqa: E402

BINARIES = Path(os.environ.get("LOTURA_BINARIES", ROOT / "build" / "bin"))
# Short, since nobody balances load here; long enough to watch.
ANNOUNCE_MS = 1000


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    variables = {"LOTURA_DRAIN_ANNOUNCE_MS": str(ANNOUNCE_MS)}
    with Stack(tmp_path_factory.mktemp("stack"), BINARIES, variables) as running:
        running.start_backends(Arrangement.SEPARATE)
        running.start_services(Arrangement.SEPARATE)
        yield running
