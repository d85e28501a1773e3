"""Verb down: stops what `up` started and keeps the data."""

import argparse

from devkit.console import say, step
from devkit.layout import VAR
from devkit.stack import Stack

SUMMARY = "stop what up started; the data stays"


def stop() -> Stack:
    """Stops the repository's stack and returns it."""
    stack = Stack(VAR)
    step("Stopping the services, then the servers")
    with stack.place.locked():
        stopped = stack.stop()
    say("    stopped: " + ", ".join(stopped) if stopped else "    nothing was running")
    return stack


def main(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="tools/dev down", description=SUMMARY).parse_args(arguments)
    if not VAR.exists():
        say("nothing was ever started here")
        return 0
    stop()
    return 0
