"""Ends a stack whose owner was killed: waits for the end of its input, then kills and deletes."""

import sys
from pathlib import Path

from devkit.stack import Stack


def main() -> None:
    directory = Path(sys.argv[1])
    while sys.stdin.buffer.read(4096):
        pass
    if not (directory / "run").exists():
        return  # The owner ended in good order.
    stack = Stack(directory)
    stack.kill()
    stack.delete(keep=(stack.place.log,))


if __name__ == "__main__":
    main()
