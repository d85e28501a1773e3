"""Dispatches `tools/dev <verb>` to the module of that verb.

A verb is a module of this package with a one-line `SUMMARY` and a `main(arguments) -> int`. Its
name is the module's name with dashes, so that a new verb costs exactly one file.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("tools/dev needs Python 3.11 or newer as /usr/bin/python3 (Debian 12 has it).")

import ast
import importlib
import signal
import subprocess
from pathlib import Path

from devkit.console import Failure, complain

# The order of a working day; verbs that are not named here follow in alphabetical order.
USUAL_ORDER = ["setup", "build", "up", "down", "reset", "demo", "test", "bench", "trial", "lint",
               "fmt"]


def summary_of(module: Path) -> str | None:
    """Reads SUMMARY without importing, so that one broken verb does not take the others along."""
    try:
        tree = ast.parse(module.read_text(encoding="utf-8"))
    except SyntaxError as error:
        return f"(cannot be read: {error})" if module.stem in USUAL_ORDER else None
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if names == ["SUMMARY"]:
                return str(node.value.value)
    return None


def verbs() -> dict[str, str]:
    """All verbs with their summaries, in the order in which they are shown."""
    found = {}
    for module in sorted(Path(__file__).parent.glob("*.py")):
        summary = summary_of(module)
        if summary is not None:
            found[module.stem.replace("_", "-")] = summary
    names = [verb for verb in USUAL_ORDER if verb in found]
    names += [verb for verb in found if verb not in USUAL_ORDER]
    return {verb: found[verb] for verb in names}


def print_help() -> None:
    print("usage: tools/dev <verb> [options]      tools/dev <verb> --help tells more\n")
    for verb, summary in verbs().items():
        print(f"  {verb:<14} {summary}")


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("help", "-h", "--help"):
        print_help()
        return 0
    verb = arguments[0]
    if verb not in verbs():
        complain(f"tools/dev has no verb '{verb}'.")
        print_help()
        return 2
    # A service manager ends a run with SIGTERM; it shall unwind like Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return importlib.import_module("devkit." + verb.replace("-", "_")).main(arguments[1:])
    except Failure as failure:
        complain(str(failure))
        return failure.exit_code
    except subprocess.CalledProcessError as error:
        complain(f"'{error.cmd[0]}' ended with code {error.returncode}.")
        return error.returncode if 0 < error.returncode < 126 else 1
    except KeyboardInterrupt:
        complain("interrupted; running the same verb again is safe.")
        return 130


sys.exit(main(sys.argv[1:]))
