"""One stack of real servers, with all services in one process, for all end-to-end tests."""

import os
import subprocess
from pathlib import Path

import pytest

from devkit.command_line import CommandLine
from devkit.layout import ROOT, SERVICES
from devkit.stack import Arrangement, Stack
from kit.api import Api

BINARIES = Path(os.environ.get("LOTURA_BINARIES", ROOT / "build" / "bin"))
IMPORT_TIMEOUT_S = 300


@pytest.fixture(scope="session", autouse=True)
def no_proxy():
    os.environ["no_proxy"] = "127.0.0.1"


@pytest.fixture(scope="session")
def stack(tmp_path_factory, no_proxy):
    with Stack(tmp_path_factory.mktemp("stack"), BINARIES) as running:
        running.start_backends()
        running.start_services(Arrangement.TOGETHER)
        yield running


@pytest.fixture(scope="session")
def connect(stack):
    """Makes clients of given permissions."""
    made = []

    def connect_as(*permissions: str, user: str = "users/partner",
                   tenant: str | None = None) -> Api:
        options = {"tenant": tenant} if tenant else {}
        token = stack.issuer.mint(user=user, permissions=permissions or ("*",), **options)
        made.append(Api({service: stack.grpc(service) for service in SERVICES}, token))
        return made[-1]

    yield connect_as
    for api in made:
        api.close()


@pytest.fixture(scope="session")
def lotura(stack, tmp_path_factory):
    """Runs the command-line client as the importer; returns the completed process."""
    directory = tmp_path_factory.mktemp("client")
    client = CommandLine(stack, user="users/importer")

    def run(*arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(client.command(*arguments), env=client.environment, cwd=directory,
                              capture_output=True, text=True, timeout=IMPORT_TIMEOUT_S,
                              check=False)

    return run
