"""Verb asyncapi: writes docs/asyncapi.json, the AsyncAPI document of all events."""

import argparse
import subprocess

from devkit.build import build
from devkit.console import say
from devkit.layout import ROOT

SUMMARY = "write docs/asyncapi.json from the event catalog"
DOCUMENT = ROOT / "docs" / "asyncapi.json"


def main(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="tools/dev asyncapi", description=SUMMARY).parse_args(arguments)
    program = build("release", ["lotura-asyncapi"]) / "bin" / "lotura-asyncapi"
    document = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    DOCUMENT.write_text(document, encoding="utf-8")
    say(f"    {DOCUMENT.relative_to(ROOT)}")
    return 0
