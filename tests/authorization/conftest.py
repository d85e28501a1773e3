"""A whole installation, every service a process of its own, for the cells of the table."""

import os
from pathlib import Path

import pytest

from devkit.layout import ROOT
from devkit.stack import Arrangement, Stack
from world import TENANT

BINARIES = Path(os.environ.get("LOTURA_BINARIES", ROOT / "build" / "bin"))
# How long a stream is silent at most: a sign of life says that nothing more is to come.
HEARTBEAT_MS = 200


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    os.environ["no_proxy"] = "127.0.0.1"
    variables = {"LOTURA_EVENT_HEARTBEAT_MS": str(HEARTBEAT_MS),
                 "LOTURA_OPERATOR_TENANT": TENANT}
    with Stack(tmp_path_factory.mktemp("stack"), BINARIES, variables) as running:
        running.start_backends(Arrangement.SEPARATE)
        running.start_services(Arrangement.SEPARATE)
        yield running
