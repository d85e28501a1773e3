"""One stack of real servers for all tests of the developer tools."""

import os
import stat
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from devkit.stack import Stack  # noqa: E402 - the path has to be known first

# Stands in for a service: answers /readyz, ends with code 0 on SIGTERM.
SERVICE = """#!/usr/bin/python3
import http.server, os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
class Probe(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
host, port = os.environ["LOTURA_HTTP_LISTEN"].rsplit(":", 1)
print({name: value for name, value in os.environ.items() if name.startswith("LOTURA_")}, flush=True)
http.server.HTTPServer((host, int(port)), Probe).serve_forever()
"""
MIGRATE = """#!/bin/sh
exec psql -X -v ON_ERROR_STOP=1 "$LOTURA_POSTGRES" -c 'CREATE TABLE IF NOT EXISTS migrated ()'
"""


def write_program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture(scope="session")
def binaries(tmp_path_factory) -> Path:
    """A build directory whose programs are small stand-ins."""
    directory = tmp_path_factory.mktemp("bin")
    write_program(directory / "lotura-migrate", MIGRATE)
    for name in ("all", "directory", "accounts", "sales", "communications", "analytics"):
        write_program(directory / f"lotura-{name}", SERVICE)
    return directory


@pytest.fixture(scope="session")
def stack(tmp_path_factory, binaries):
    with Stack(tmp_path_factory.mktemp("stack"), binaries) as running:
        running.start_backends()
        yield running


@pytest.fixture(scope="session", autouse=True)
def no_proxy():
    os.environ["no_proxy"] = "127.0.0.1"
