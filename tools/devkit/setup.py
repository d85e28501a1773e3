"""Verb setup: makes the machine able to build, run and test Lotura."""

import argparse
import time

from devkit import artifacts, packages
from devkit.console import say, step
from devkit.layout import VAR
from devkit.places import Place

SUMMARY = "install the packages and fetch the tools that Lotura needs"


def ensure() -> None:
    """Installs and fetches only what is missing."""
    step("Debian packages")
    missing = packages.missing_packages()
    if missing:
        say("    missing: " + " ".join(package.name for package in missing))
        packages.install(missing)
    else:
        say("    all present")
    step("Tools and protos from the registries")
    artifacts.ensure_all()
    Place(VAR).shared(artifacts.kafka().path)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tools/dev setup", description=SUMMARY)
    parser.add_argument("--paths", action="store_true",
                        help="only print where things are, as NAME=path lines")
    options = parser.parse_args(arguments)
    if options.paths:
        for name, path in artifacts.paths(Place(VAR)).items():
            say(f"{name}={path}")
        return 0
    begin = time.monotonic()
    ensure()
    say(f"setup is complete ({time.monotonic() - begin:.1f} s)")
    return 0
