"""Talks to the person at the terminal and runs long commands with visible progress."""

import os
import re
import select
import shlex
import subprocess
import sys
import time
from pathlib import Path

# Without a terminal a long command still shows every so many seconds that it lives.
QUIET_INTERVAL_S = 15.0
TAIL_LINES = 40
TAIL_BYTES = 65536
TERMINAL_CODES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Failure(Exception):
    """An expected failure: its text is a sentence for the person, no traceback is shown."""

    def __init__(self, text: str, exit_code: int = 1):
        super().__init__(text)
        self.exit_code = exit_code


def say(text: str = "") -> None:
    print(text, flush=True)


def step(text: str) -> None:
    say(f"==> {text}")


def complain(text: str) -> None:
    sys.stdout.flush()
    print(f"tools/dev: {text}", file=sys.stderr, flush=True)


def tail(path: Path, begin: int = 0) -> str:
    """The last lines of a log, not before byte `begin`; empty when there is none."""
    try:
        with path.open("rb") as log:
            log.seek(max(begin, path.stat().st_size - TAIL_BYTES))
            text = TERMINAL_CODES.sub("", log.read().decode("utf-8", "replace"))
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])


class ProgressLine:
    """One line about a running command: rewritten on a terminal, repeated elsewhere."""

    def __init__(self, label: str):
        self._label = label
        self._begin = self._shown = time.monotonic()
        self._on_terminal = sys.stdout.isatty()

    def show(self, last_line: str) -> None:
        now = time.monotonic()
        seconds = int(now - self._begin)
        if self._on_terminal and now - self._shown >= 0.2:
            width = os.get_terminal_size().columns if sys.stdout.isatty() else 100
            text = f"    {self._label} ... {seconds} s  {last_line}"
            print("\r\033[K" + text[: width - 1], end="", flush=True)
        elif not self._on_terminal and now - self._shown >= QUIET_INTERVAL_S:
            say(f"    {self._label} ... {seconds} s  {last_line[:120]}")
        else:
            return
        self._shown = now

    def finish(self, outcome: str) -> None:
        if self._on_terminal:
            print("\r\033[K", end="")
        say(f"    {self._label}: {outcome} ({time.monotonic() - self._begin:.1f} s)")


def run_with_progress(command: list[str], *, label: str, log: Path, timeout_s: float = 1800,
                      environment: dict[str, str] | None = None, cwd: Path | None = None) -> None:
    """Runs a command to its end, its output in `log`; raises Failure with the log's tail."""
    log.parent.mkdir(parents=True, exist_ok=True)
    progress = ProgressLine(label)
    deadline = time.monotonic() + timeout_s
    with log.open("ab") as sink:
        begin = sink.tell()
        sink.write(f"\n$ {shlex.join(command)}\n".encode())
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, env=environment, cwd=cwd)
        try:
            timed_out = not _pump(child, sink, progress, deadline)
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
    if timed_out or child.returncode != 0:
        outcome = f"no end within {timeout_s:.0f} s" if timed_out else "failed"
        progress.finish(outcome)
        raise Failure(f"{label}: {outcome}. The end of {log}:\n{tail(log, begin)}")
    progress.finish("done")


def _pump(child: subprocess.Popen, sink, progress: ProgressLine, deadline: float) -> bool:
    """Copies the child's output until it ends; false when the deadline passed before."""
    last_line = ""
    while time.monotonic() < deadline:
        readable, _, _ = select.select([child.stdout], [], [], 0.2)
        if readable:
            chunk = os.read(child.stdout.fileno(), 65536)
            if not chunk:
                return _ends_by(child, deadline)
            sink.write(chunk)
            text = TERMINAL_CODES.sub("", chunk.decode("utf-8", "replace"))
            lines = [line.strip() for line in text.splitlines()]
            last_line = next((line for line in reversed(lines) if line), last_line)
        progress.show(last_line)
    return False


def _ends_by(child: subprocess.Popen, deadline: float) -> bool:
    try:
        child.wait(timeout=max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True
