"""Verb reset: stops everything and deletes its data."""

import argparse

from devkit import down
from devkit.console import say, step
from devkit.layout import VAR

SUMMARY = "stop everything and delete its data, keys and logs"


def main(arguments: list[str]) -> int:
    argparse.ArgumentParser(prog="tools/dev reset", description=SUMMARY).parse_args(arguments)
    if not VAR.exists():
        say("there is nothing to delete")
        return 0
    stack = down.stop()
    step(f"Deleting {stack.place.data} and {VAR}")
    stack.delete()
    VAR.rmdir()
    return 0
