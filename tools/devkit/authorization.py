"""Verb authorization: writes docs/authorization.md and docs/refusals.md, the tables of all RPCs."""

import argparse
from pathlib import Path

from devkit import artifacts
from devkit.console import Failure, say
from devkit.layout import ROOT

SUMMARY = "write docs/authorization.md and docs/refusals.md from the protos and the built-in roles"
DOCUMENT = ROOT / "docs" / "authorization.md"
REFUSALS = ROOT / "docs" / "refusals.md"


def documents() -> dict[Path, str]:
    """The pages as they should be."""
    # Not at the top: before setup has run, protobuf is not there.
    from authorization import page, refusals, roles
    from authorization.catalog import Catalog
    from lint.descriptors import compile_protos

    google = artifacts.googleapis().path
    if not google.is_dir():
        raise Failure("the google protos are missing; run tools/dev setup first.")
    catalog = Catalog(compile_protos(ROOT, google))
    return {DOCUMENT: page.text(catalog, roles.resolve(roles.messages(ROOT))),
            REFUSALS: refusals.text(catalog)}


def main(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="tools/dev authorization", description=SUMMARY).parse_args(arguments)
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")
        say(f"    {path.relative_to(ROOT)}")
    return 0
